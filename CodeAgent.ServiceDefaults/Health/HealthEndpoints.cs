using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace CodeAgent.ServiceDefaults.Health;

internal static class HealthEndpoints
{
    private const string Policy = "health";
    private const string Live = "live";

    // Health checks ask other systems. A probe storm must not become a storm there, nor may a hanging check hang the probe.
    private static readonly TimeSpan Freshness = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    public static bool IsHealth(PathString path) => path == "/health" || path == "/alive";

    public static void AddHealth(this WebApplicationBuilder builder)
    {
        builder.Services.AddRequestTimeouts(timeouts => timeouts.AddPolicy(Policy, Patience));
        builder.Services.AddOutputCache(cache => cache.AddPolicy(Policy, policy => policy.Expire(Freshness)));
        builder.Services.AddHealthChecks().AddCheck("self", () => HealthCheckResult.Healthy(), [Live]);
    }

    public static void MapHealth(this WebApplication app)
    {
        var group = app.MapGroup("");
        group.CacheOutput(Policy).WithRequestTimeout(Policy).AllowAnonymous();
        group.MapHealthChecks("/health");
        group.MapHealthChecks("/alive", new HealthCheckOptions { Predicate = check => check.Tags.Contains(Live) });
    }
}
