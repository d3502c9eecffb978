using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace CodeAgent.ServiceDefaults.Redis;

/// <summary>
/// Finds out that Redis is away though its connections stand, as when it is paused or the network swallows everything. It cuts them
/// then, so that requests are refused at once until there is an answer again, and do not each wait their own time.
/// </summary>
internal sealed partial class RedisWatch(
    IConnectionMultiplexer redis, RedisLines lines, IOptions<RedisWatchOptions> options, TimeProvider time, ILogger<RedisWatch> logger) : BackgroundService
{
    private const int Slices = 4;
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(0.5);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                var servers = redis.GetServers().Where(server => server.IsConnected).ToList();
                await Task.WhenAll(servers.Select(server => LookAsync(server, stoppingToken)));
                if (servers.Count > 0 && servers.TrueForAll(server => server.IsReplica))
                {
                    // One of them may have been promoted; the client itself asks only once in a while.
                    await redis.ConfigureAsync();
                }
            }
            catch (Exception e) when (e.MeansRedisIsAway())
            {
                // The client knows, and so do those who ask it.
            }
        }
    }

    private async Task LookAsync(IServer server, CancellationToken stoppingToken)
    {
        var (answer, slice, answered) = (server.PingAsync(), options.Value.AwayAfter / Slices, Answered(server));
        for (var silent = 0; silent < Slices;)
        {
            var begun = time.GetTimestamp();
            if (await IsThereAsync(answer, slice, stoppingToken))
            {
                return;
            }

            // A server that answers others is only behind. And where this process stood still, or has more to do than it can, answers
            // wait to be read, and so does whoever wakes here: such a slice says nothing of Redis. The client's own patience with the
            // answer ends this, if nothing else does.
            var isBehind = answered != (answered = Answered(server));
            silent = isBehind ? 0 : silent + (time.GetElapsedTime(begun) < slice + (slice / 4) ? 1 : 0);
        }

        LogAway($"{server.EndPoint}", options.Value.AwayAfter.TotalSeconds);
        lines.Cut(server.EndPoint);
    }

    private static long Answered(IServer server)
    {
        var line = server.GetCounters().Interactive;
        return line.CompletedAsynchronously + line.CompletedSynchronously;
    }

    private async Task<bool> IsThereAsync(Task answer, TimeSpan within, CancellationToken stoppingToken)
    {
        try
        {
            await answer.WaitAsync(within, time, stoppingToken);
            return true;
        }
        catch (TimeoutException e) when (e is not RedisTimeoutException)
        {
            // It may have come in this very moment.
            return answer.IsCompleted;
        }
    }

    [LoggerMessage(LogLevel.Warning, "Redis at {EndPoint} has not answered for {Seconds} s: it is away until it does")]
    private partial void LogAway(string endPoint, double seconds);
}
