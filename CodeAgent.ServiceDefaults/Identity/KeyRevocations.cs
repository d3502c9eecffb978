using StackExchange.Redis;

namespace CodeAgent.ServiceDefaults.Identity;

/// <summary>Hears of revoked keys, so that they are not remembered a moment longer.</summary>
internal sealed partial class KeyRevocations(IConnectionMultiplexer redis, KeyDirectory directory, ILogger<KeyRevocations> logger) : IHostedService
{
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        // News that came while the connection was broken is lost.
        redis.ConnectionFailed += Broken;
        redis.ConnectionRestored += Broken;
        try
        {
            await redis.GetSubscriber().SubscribeAsync(KeyStore.Revoked, Revoked);
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
        redis.ConnectionRestored -= Broken;
        return Task.CompletedTask;
    }

    private void Revoked(RedisChannel channel, RedisValue hash) => directory.Forget(hash);

    private void Broken(object? sender, ConnectionFailedEventArgs e) => directory.Forget();

    [LoggerMessage(LogLevel.Warning, "Redis is not there yet; news of revoked keys is heard as soon as it is")]
    private partial void LogLater(Exception exception);
}
