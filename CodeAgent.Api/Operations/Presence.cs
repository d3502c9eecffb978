using CodeAgent.ServiceDefaults.Redis;
using StackExchange.Redis;

namespace CodeAgent.Api.Operations;

/// <summary>
/// Says that this instance is there. The first one that comes begins the time that the system runs, the last one that goes ends
/// it; where nobody said so, it ended when the last one was heard of.
/// </summary>
internal sealed partial class Presence(IConnectionMultiplexer redis, OperationsWatch operations, TimeProvider time, ILogger<Presence> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Gone = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(1);

    // KEYS: the state, the instances. ARGV: now, the time before which an instance is gone, this instance.
    private static readonly RedisScript Here = new("instance is here", """
        if not redis.call('ZSCORE', KEYS[2], ARGV[3]) then
          local last = redis.call('ZREVRANGE', KEYS[2], 0, 0, 'WITHSCORES')
          redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', ARGV[2])
          if redis.call('ZCARD', KEYS[2]) == 0 then
            if last[2] then
              redis.call('HSET', KEYS[1], 'ended', last[2], 'ended-cleanly', 0)
            end
            if redis.call('HEXISTS', KEYS[1], 'started') == 1 then
              redis.call('HDEL', KEYS[1], 'claims', 'restarts')
            end
            redis.call('HSET', KEYS[1], 'started', ARGV[1])
          end
        end
        redis.call('ZADD', KEYS[2], ARGV[1], ARGV[3])
        return 1
        """);

    // KEYS: the state, the instances. ARGV: now, the time before which an instance is gone, this instance.
    private static readonly RedisScript Leave = new("instance leaves", """
        redis.call('ZREM', KEYS[2], ARGV[3])
        redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', ARGV[2])
        if redis.call('ZCARD', KEYS[2]) == 0 then
          redis.call('HSET', KEYS[1], 'ended', ARGV[1], 'ended-cleanly', 1)
        end
        return 1
        """);

    private readonly string _name = Guid.NewGuid().ToString("N");

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        try
        {
            do
            {
                await TryAsync(Here);
                await operations.RefreshAsync();
            }
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        finally
        {
            // Where Redis does not answer now, that this instance is not heard of any more says the same later.
            if (redis.IsConnected)
            {
                await Task.WhenAny(TryAsync(Leave), Task.Delay(Farewell, time, CancellationToken.None));
            }
        }
    }

    private async Task TryAsync(RedisScript script)
    {
        var now = time.GetUtcNow();
        try
        {
            await script.RunAsync(redis.GetDatabase(), [OperationsKeys.State, OperationsKeys.Instances],
                [now.ToUnixTimeMilliseconds(), (now - Gone).ToUnixTimeMilliseconds(), _name]);
        }
        catch (Exception e) when (e.MeansRedisIsAway())
        {
            LogAway(e.GetType().Name);
        }
    }

    [LoggerMessage(LogLevel.Debug, "Redis is away ({Error}); that this instance is here is said when it is back")]
    private partial void LogAway(string error);
}
