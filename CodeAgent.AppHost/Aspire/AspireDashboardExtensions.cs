using CodeAgent.AppHost.Run;
using CodeAgent.AppHost.Settings;

namespace CodeAgent.AppHost;

internal static class AspireDashboardExtensions
{
    private static readonly TimeSpan ShutdownTimeout = TimeSpan.FromSeconds(8);

    /// <summary>Puts the dashboard where the settings say; with a launch profile or without.</summary>
    public static void AddDashboard(this IDistributedApplicationBuilder builder, AppHostSettings settings)
    {
        builder.Configuration["ASPIRE_ALLOW_UNSECURED_TRANSPORT"] = "true";
        builder.Configuration["ASPNETCORE_URLS"] = settings.DashboardUrl;
        builder.Configuration["ASPIRE_DASHBOARD_OTLP_ENDPOINT_URL"] = settings.OtlpUrl;
        builder.Services.AddSingleton<IRunningSystem, AspireSystem>();
        builder.Services.AddSingleton<ServiceRestarts>();
        builder.Services.AddHostedService<OrderlyStop>();

        // Back at the prompt, nothing of it runs any more; and back within 10 s, whatever hangs.
        builder.Configuration["DcpPublisher:WaitForResourceCleanup"] = "true";
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = ShutdownTimeout);

        // One block says what a person needs. Nor is it news to them that a clean machine has no certificate (Dcp).
        builder.Services.AddLogging(logging => logging
            .AddFilter("Aspire.Hosting", LogLevel.Warning)
            .AddFilter("Aspire.Hosting.Dcp", LogLevel.Error)
            .AddFilter("Microsoft", LogLevel.Warning)
            .AddFilter("Microsoft.Extensions.Diagnostics.HealthChecks", LogLevel.None)
            .AddFilter("System", LogLevel.Warning));
    }

    /// <summary>Writes files for Docker Compose, or for Kubernetes with <c>--Publish:For kubernetes</c>.</summary>
    /// <exception cref="SettingsException">For something else.</exception>
    public static void AddPublishing(this IDistributedApplicationBuilder builder, AppHostSettings settings)
    {
        if (!settings.Publishing)
        {
            return;
        }

        switch (builder.Configuration["Publish:For"])
        {
            case null or "compose":
                builder.AddDockerComposeEnvironment("compose");
                break;
            case "kubernetes":
                builder.AddKubernetesEnvironment("kubernetes");
                break;
            case var other:
                throw new SettingsException($"Publish:For is '{other}'; it must be compose or kubernetes.");
        }
    }
}
