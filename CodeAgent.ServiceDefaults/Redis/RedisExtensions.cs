using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace CodeAgent.ServiceDefaults.Redis;

/// <summary>The Redis client of the services.</summary>
public static class RedisExtensions
{
    private const string ConnectionName = "redis";
    private static readonly TimeSpan Reconnect = TimeSpan.FromSeconds(0.5);

    /// <summary>
    /// Adds an <see cref="IConnectionMultiplexer"/> for the connection string <c>redis</c>, with its health check. Spans come
    /// from <see cref="RedisScript"/>, so the client's own tracing stays off.
    /// </summary>
    /// <exception cref="InvalidOperationException">There is no such connection string.</exception>
    public static async Task<WebApplicationBuilder> AddRedisAsync(this WebApplicationBuilder builder)
    {
        if (string.IsNullOrWhiteSpace(builder.Configuration.GetConnectionString(ConnectionName)))
        {
            throw new InvalidOperationException("No Redis: set ConnectionStrings__redis, for instance to 127.0.0.1:6379.");
        }

        var lines = new RedisLines();
#if ASPIRE
        builder.AddRedisClient(ConnectionName, settings => settings.DisableTracing = true, options => Configure(options, lines));
        await Task.CompletedTask;
#else
        var options = ConfigurationOptions.Parse(builder.Configuration.GetConnectionString(ConnectionName)!);
        Configure(options, lines);
        IConnectionMultiplexer redis = await ConnectionMultiplexer.ConnectAsync(options);
        builder.Services.AddSingleton(_ => redis);
        builder.Services.AddHealthChecks().AddRedis(_ => redis, "redis");
#endif
        builder.Services.AddOptions<RedisWatchOptions>().BindConfiguration(RedisWatchOptions.Section).ValidateOnStart();
        builder.Services.AddSingleton<IValidateOptions<RedisWatchOptions>, RedisWatchOptionsValidator>();
        builder.Services.AddSingleton(lines);
        builder.Services.AddHostedService<RedisWatch>();
        return builder;
    }

    private static void Configure(ConfigurationOptions options, RedisLines lines)
    {
        // A service starts and stays up while Redis is away; requests that need it are told so.
        options.AbortOnConnectFail = false;
        options.BacklogPolicy = BacklogPolicy.FailFast;

        // Soon and always the same: nobody is to wait a minute for a Redis that is back, however long it was away.
        options.ReconnectRetryPolicy = new LinearRetry((int)Reconnect.TotalMilliseconds);
        options.Tunnel ??= lines;

        // Nothing here blocks a thread of the pool, so the client needs no threads of its own to get through; waking them costs
        // more than the work that they do.
        options.SocketManager = SocketManager.ThreadPool;
    }
}
