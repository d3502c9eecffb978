using System.Text.Json;
using System.Text.Json.Serialization;
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
        group.CacheOutput(Policy).WithRequestTimeout(Policy).AllowAnonymous().DisableRateLimiting();
        group.MapHealthChecks("/health", new HealthCheckOptions { ResponseWriter = WriteAsync });
        group.MapHealthChecks("/alive", new HealthCheckOptions { ResponseWriter = WriteAsync, Predicate = check => check.Tags.Contains(Live) });
    }

    // {"status":"healthy","timestamp":"2026-01-31T12:00:00.123+00:00"}
    private static Task WriteAsync(HttpContext context, HealthReport report)
    {
        var health = new Health(report.Status.ToString().ToLowerInvariant(), context.RequestServices.GetRequiredService<TimeProvider>().GetUtcNow());
        return context.Response.WriteAsJsonAsync(health, HealthJson.Default.Health, cancellationToken: context.RequestAborted);
    }

    /// <summary>The answer.</summary>
    /// <param name="Status"><c>healthy</c>, <c>degraded</c> or <c>unhealthy</c>; the last with the status code 503.</param>
    /// <param name="Timestamp">When it was so: an answer is given again for a second.</param>
    internal sealed record Health(string Status, DateTimeOffset Timestamp);
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(HealthEndpoints.Health))]
internal sealed partial class HealthJson : JsonSerializerContext;
