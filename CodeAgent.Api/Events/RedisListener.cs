using CodeAgent.ServiceDefaults.Redis;
using StackExchange.Redis;

namespace CodeAgent.Api.Events;

/// <summary>Listens to a channel of Redis for as long as the service runs, whether or not Redis is there when it starts.</summary>
internal abstract partial class RedisListener(IConnectionMultiplexer redis, string channel, TimeProvider time, ILogger logger) : BackgroundService
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    /// <summary>A message came. Must not wait for anything.</summary>
    protected abstract void Heard(string message);

    /// <summary>Messages may have been missed.</summary>
    protected abstract void Missed();

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        redis.ConnectionRestored += OnRestored;
        try
        {
            var messages = await SubscribeAsync(stoppingToken);
            Missed();
            await foreach (var message in messages.WithCancellation(stoppingToken))
            {
                Heard(message.Message!);
            }
        }
        finally
        {
            redis.ConnectionRestored -= OnRestored;
        }
    }

    private async Task<ChannelMessageQueue> SubscribeAsync(CancellationToken stoppingToken)
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                return await redis.GetSubscriber().SubscribeAsync(RedisChannel.Literal(channel));
            }
            catch (Exception e) when (e.MeansRedisIsAway())
            {
                // Once is enough to know; it goes on until Redis is there.
                if (tries == 1)
                {
                    LogNotSubscribed(channel, e.GetType().Name);
                }

                await Task.Delay(Pause, time, stoppingToken);
            }
        }
    }

    private void OnRestored(object? sender, ConnectionFailedEventArgs e)
    {
        if (e.ConnectionType == ConnectionType.Subscription)
        {
            _ = CatchUpAsync();
        }
    }

    // The client subscribes again by itself. Its subscription is in force when a later command on the same connection is answered.
    private async Task CatchUpAsync()
    {
        try
        {
            await redis.GetSubscriber().PingAsync();
        }
        catch (Exception e) when (e.MeansRedisIsAway() || e is ObjectDisposedException)
        {
            LogNotSubscribed(channel, e.GetType().Name);
        }

        Missed();
    }

    [LoggerMessage(LogLevel.Warning, "Not listening to {Channel} yet: Redis does not answer ({Error})")]
    private partial void LogNotSubscribed(string channel, string error);
}
