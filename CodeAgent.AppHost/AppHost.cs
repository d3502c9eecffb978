using CodeAgent.AppHost.Settings;

namespace CodeAgent.AppHost;

internal static class AppHost
{
    /// <summary>
    /// What runs, what it refers to, what it waits for:
    /// <code>
    ///     people, CI ──▶ api ──────────▶ redis
    ///                     ▲               ▲
    ///                   worker ───▶ llm-gateway ──▶ providers
    /// </code>
    /// </summary>
    public static void AddCodeAgent(this IDistributedApplicationBuilder builder, AppHostSettings settings)
    {
        // Two keys, because workers run code that nobody reviewed.
        var apiKey = builder.AddParameter("api-key", () => settings.Keys.Api, secret: true);
        var workerKey = builder.AddParameter("worker-key", () => settings.Keys.Worker, secret: true);

        // What the keys are hashed with: for those who look keys up, and nobody else.
        var keySecret = builder.AddParameter("key-secret", () => settings.Keys.Secret, secret: true);

        // A container with a volume, a server in this process, or one that is there already.
        var redis = builder.AddRedis(settings);

        // The only one with the providers' keys.
        var gateway = builder.AddProject<Projects.CodeAgent_LlmGateway>("llm-gateway", launchProfileName: null)
            .WithHttpEndpoint(settings.Ports.Gateway)
            .WithHttpHealthCheck("/health")
            .WithSettings(settings)
            .WithoutApiSecrets(settings)
            .WithEnvironment("CODEAGENT_API_KEY", apiKey)
            .WithEnvironment("CODEAGENT_KEY_SECRET", keySecret)
            .WithReference(redis)
            .WaitFor(redis);

        var api = builder.AddProject<Projects.CodeAgent_Api>("api", launchProfileName: null)
            .WithHttpEndpoint(settings.Ports.Api)
            .WithExternalHttpEndpoints()
            .WithHttpHealthCheck("/health")
            .WithSettings(settings)
            .WithDashboardLink(settings)
            .WithoutProviderKeys(settings)
            .WithEnvironment("CODEAGENT_API_KEY", apiKey)
            .WithEnvironment("CODEAGENT_WORKER_KEY", workerKey)
            .WithEnvironment("CODEAGENT_KEY_SECRET", keySecret)
            .WithReference(redis)
            .WithReference(gateway)
            .WaitFor(redis);

        // No Redis, no provider's key, no person's key: only what a laptop behind a NAT would have.
        builder.AddProject<Projects.CodeAgent_Worker>("worker", launchProfileName: null)
            .WithReplicas(settings.Workers)
            .WithHttpEndpoint()
            .WithHttpHealthCheck("/health")
            .WithSettings(settings)
            .WithoutProviderKeys(settings)
            .WithoutApiSecrets(settings)
            .WithEnvironment("CODEAGENT_API_KEY", "")
            .WithEnvironment("CODEAGENT_KEY_SECRET", "")
            .WithEnvironment("CODEAGENT_KEY_SECRET_FILE", "")
            .WithEnvironment("ConnectionStrings__redis", "")
            .WithEnvironment("Redis", "")
            .WithEnvironment("CODEAGENT_WORKER_KEY", workerKey)
            .WithReference(api)
            .WithReference(gateway)
            .WaitFor(api)
            .WaitFor(gateway);

        builder.AddDashboard(settings);
        builder.AddPublishing(settings);
    }
}
