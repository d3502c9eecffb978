using CodeAgent.Worker.Agents.Builtin;
using CodeAgent.Worker.Sandboxes.Containers;
using CodeAgent.Worker.Sandboxes.Gateway;
using CodeAgent.Worker.Sandboxes.Limits;

namespace CodeAgent.Worker.Sandboxes;

internal static class SandboxExtensions
{
    /// <summary>Adds what programs of agents run in, and how they reach the gateway.</summary>
    public static IServiceCollection AddSandboxes(this IServiceCollection services)
    {
        services.AddOptions<BuiltinAgentOptions>();
        services.AddHttpClient(GatewayRelay.Name)
            .UseSocketsHttpHandler((handler, _) =>
            {
                // What comes is passed on as it came.
                handler.UseCookies = false;
                handler.UseProxy = false;
                handler.AllowAutoRedirect = false;
                handler.AutomaticDecompression = System.Net.DecompressionMethods.None;
                handler.ActivityHeadersPropagator = null;
                handler.ConnectTimeout = TimeSpan.FromSeconds(10);
                handler.PooledConnectionLifetime = TimeSpan.FromMinutes(5);
            })
            .RemoveAllLoggers();
        services.AddSingleton<GatewayRelay>();
        services.AddHostedService(provider => provider.GetRequiredService<GatewayRelay>());
        services.AddSingleton(_ => new Lazy<Task<CgroupHomes>>(() => CgroupHomes.FindAsync(CancellationToken.None)));
        services.AddSingleton<SandboxProbe>().AddHostedService(provider => provider.GetRequiredService<SandboxProbe>());
        services.AddHostedService<CgroupJanitor>().AddHostedService<ContainerJanitor>();
        return services.AddSingleton<SandboxFactory>();
    }
}
