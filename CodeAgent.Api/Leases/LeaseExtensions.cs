using Microsoft.Extensions.Options;

namespace CodeAgent.Api.Leases;

internal static class LeaseExtensions
{
    /// <summary>Whether a request is one of those that come again and again whether or not anything happens.</summary>
    public static bool IsPoll(HttpContext context) => context.Request.Path is var path
        && (path == "/v1/leases" || (path.StartsWithSegments("/v1/leases", StringComparison.Ordinal) && path.Value!.EndsWith("/heartbeat", StringComparison.Ordinal)));

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
        return builder;
    }
}
