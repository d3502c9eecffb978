using Microsoft.Extensions.Options;

namespace CodeAgent.Api.Leases;

internal static class LeaseExtensions
{
    /// <summary>Whether a request is one of those that come all the time: claims and heartbeats, whether or not anything happens, and events by the hundred.</summary>
    public static bool IsRoutine(HttpContext context) => context.Request.Path is var path
        && (path == "/v1/leases"
            || (path.StartsWithSegments("/v1/leases", StringComparison.Ordinal, out var rest)
                && (rest.Value!.EndsWith("/heartbeat", StringComparison.Ordinal) || rest.Value.EndsWith("/events", StringComparison.Ordinal))));

    /// <summary>Adds what grants, extends and ends leases.</summary>
    public static WebApplicationBuilder AddLeases(this WebApplicationBuilder builder)
    {
        builder.Services.AddOptions<LeaseOptions>().BindConfiguration(LeaseOptions.Section).ValidateOnStart();
        builder.Services.AddSingleton<IValidateOptions<LeaseOptions>, LeaseOptionsValidator>();
        builder.Services.AddSingleton<LeaseGranter>();
        builder.Services.AddSingleton<LeaseNews>();
        builder.Services.AddSingleton<QueueSignal>();
        builder.Services.AddHostedService(services => services.GetRequiredService<QueueSignal>());
        builder.Services.AddHostedService<LeaseSweeper>();
        builder.Services.AddHostedService<AgentSweeper>();
        return builder;
    }
}
