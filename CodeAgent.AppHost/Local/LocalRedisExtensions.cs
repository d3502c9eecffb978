using CodeAgent.AppHost.Redis;
using CodeAgent.AppHost.Settings;

namespace CodeAgent.AppHost;

internal static class LocalRedisExtensions
{
    public static IResourceBuilder<IResourceWithConnectionString> AddRedis(this IDistributedApplicationBuilder builder, AppHostSettings settings)
    {
        if (settings.Redis.ConnectionString is { } existing)
        {
            return builder.AddResource(new RedisResource("redis", existing));
        }

        builder.Services.AddHostedService<EmbeddedRedis>();
        return builder.AddResource(new RedisResource("redis", EmbeddedRedis.ConnectionString(settings)));
    }
}
