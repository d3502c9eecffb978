using CodeAgent.ServiceDefaults.Redis;
using StackExchange.Redis;

namespace CodeAgent.ServiceDefaults.Identity;

/// <summary>Hears of revoked keys, so that they are not remembered a moment longer. While nothing can be heard, nothing is remembered.</summary>
internal sealed partial class KeyRevocations(IConnectionMultiplexer redis, KeyMemory memory, ILogger<KeyRevocations> logger) : IHostedService
{
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        redis.ConnectionFailed += Broken;
        redis.ConnectionRestored += Restored;
        try
        {
            await redis.GetSubscriber().SubscribeAsync(KeyStore.Revoked, Revoked);
            memory.Listen(true);
        }
        catch (Exception e) when (e is RedisException or TimeoutException)
        {
            // The client keeps the subscription, and makes it once there is a connection.
            LogLater(e);
        }
    }

    public Task StopAsync(CancellationToken cancellationToken)
    {
        redis.ConnectionFailed -= Broken;
        redis.ConnectionRestored -= Restored;
        return Task.CompletedTask;
    }

    private void Revoked(RedisChannel channel, RedisValue hash) => memory.Forget(hash);

    private void Broken(object? sender, ConnectionFailedEventArgs e)
    {
        if (e.ConnectionType == ConnectionType.Subscription)
        {
            memory.Listen(false);
        }
        else
        {
            memory.Forget();
        }
    }

    private void Restored(object? sender, ConnectionFailedEventArgs e)
    {
        if (e.ConnectionType == ConnectionType.Subscription)
        {
            _ = ListenAgainAsync();
        }
    }

    // The client subscribes again by itself. Its subscription is in force when a later command on the same connection is answered.
    private async Task ListenAgainAsync()
    {
        try
        {
            await redis.GetSubscriber().PingAsync();
            memory.Listen(true);
        }
        catch (Exception e) when (e.MeansRedisIsAway() || e is ObjectDisposedException)
        {
            LogLater(e);
        }
    }

    [LoggerMessage(LogLevel.Warning, "Redis is not there yet; no key is remembered until news of revoked ones can be heard")]
    private partial void LogLater(Exception exception);
}
