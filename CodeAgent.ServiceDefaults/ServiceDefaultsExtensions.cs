using CodeAgent.ServiceDefaults.Correlation;
using CodeAgent.ServiceDefaults.Health;
using CodeAgent.ServiceDefaults.Http;
using CodeAgent.ServiceDefaults.Lifetime;
using CodeAgent.ServiceDefaults.Problems;
using CodeAgent.ServiceDefaults.Telemetry;

namespace CodeAgent.ServiceDefaults;

/// <summary>What every service has in common.</summary>
public static class ServiceDefaultsExtensions
{
    // Clients that send a head in more pieces than that want to hold the connection, not an answer.
    private static readonly TimeSpan HeadersWithin = TimeSpan.FromSeconds(10);

    /// <summary>Adds telemetry, correlation, health checks, service discovery, problem details and the watch over the parent process.</summary>
    /// <param name="builder">The service's builder.</param>
    /// <param name="configure">Changes what differs from service to service.</param>
    public static WebApplicationBuilder AddServiceDefaults(this WebApplicationBuilder builder, Action<TelemetryOptions>? configure = null)
    {
        var telemetry = new TelemetryOptions();
        configure?.Invoke(telemetry);

        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.RequestHeadersTimeout = HeadersWithin;
        });
        builder.Services.AddSingleton(TimeProvider.System);
        builder.AddTelemetry(telemetry);
        builder.AddHealth();
        builder.AddProblems();
        builder.AddHttpDefaults();
        builder.AddParentWatch();
        return builder;
    }

    /// <summary>Adds the middleware of <see cref="AddServiceDefaults"/>; before any other.</summary>
    public static WebApplication UseServiceDefaults(this WebApplication app)
    {
        app.UseMiddleware<CorrelationMiddleware>();
        app.UseExceptionHandler();
        app.UseStatusCodePages();
        app.UseWhen(http => HealthEndpoints.IsHealth(http.Request.Path), health => health.UseRequestTimeouts().UseOutputCache());
        return app;
    }

    /// <summary>Maps <c>/health</c> and <c>/alive</c>, in every environment: probes need them in production most.</summary>
    public static WebApplication MapDefaultEndpoints(this WebApplication app)
    {
        app.MapHealth();
        return app;
    }
}
