using CodeAgent.AppHost.Redis;
using CodeAgent.AppHost.Settings;

namespace CodeAgent.AppHost;

internal static class AspireRedisExtensions
{
    private const string Name = "redis";

    public static IResourceBuilder<IResourceWithConnectionString> AddRedis(this IDistributedApplicationBuilder builder, AppHostSettings settings)
    {
        if (settings.Redis.Kind == RedisKind.Container)
        {
            return builder.AddRedis(Name).WithDataVolume("codeagent-redis").WithPersistence().WithAppendOnlyFile();
        }

        if (settings.Redis.Kind == RedisKind.Embedded)
        {
            builder.Services.AddHostedService<EmbeddedRedis>();
        }

        var connection = settings.Redis.ConnectionString ?? EmbeddedRedis.ConnectionString(settings);
        builder.Services.AddHealthChecks().AddRedis(connection, Name);
        return builder.AddConnectionString(Name, ReferenceExpression.Create($"{connection}")).WithHealthCheck(Name);
    }

    /// <summary>
    /// Snapshots, which <c>WithPersistence</c> asks for, are a minute apart. An answer must be on file when it is given.
    /// </summary>
    private static IResourceBuilder<RedisResource> WithAppendOnlyFile(this IResourceBuilder<RedisResource> redis) => redis.WithArgs(context =>
    {
        if (context.ExecutionContext.IsRunMode)
        {
            context.Args.Add("--appendonly");
            context.Args.Add("yes");
            context.Args.Add("--appendfsync");
            context.Args.Add("always");
        }
        else
        {
            // Published, its command is one line for a shell.
            context.Args[^1] = $"{context.Args[^1]} --appendonly yes --appendfsync always";
        }
    });
}
