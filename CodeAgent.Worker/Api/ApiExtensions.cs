using CodeAgent.ServiceDefaults.Identity;

namespace CodeAgent.Worker.Api;

internal static class ApiExtensions
{
    /// <summary>Whether a request stays out of the traces: claims and heartbeats go on all the time, events come by the hundred.</summary>
    public static bool IsRoutine(HttpRequestMessage request) => request.RequestUri is { AbsolutePath: var path }
        && (path == "/v1/leases" || path.StartsWith("/v1/leases/", StringComparison.Ordinal)
            && (path.EndsWith("/heartbeat", StringComparison.Ordinal) || path.EndsWith("/events", StringComparison.Ordinal)));

    /// <summary>Adds <see cref="WorkApi"/> for the service <c>api</c>.</summary>
    public static WebApplicationBuilder AddWorkApi(this WebApplicationBuilder builder)
    {
        builder.Services.Configure<IdentityOptions>(builder.Configuration);
        builder.Services.AddHttpClient<WorkApi>(http =>
            {
                http.BaseAddress = new("http://api");
                http.Timeout = Timeout.InfiniteTimeSpan;
            })
            .UseSocketsHttpHandler((handler, _) =>
            {
                handler.ConnectTimeout = TimeSpan.FromSeconds(3);
                handler.PooledConnectionLifetime = TimeSpan.FromMinutes(5);
            })
            .SetHandlerLifetime(Timeout.InfiniteTimeSpan);
        return builder;
    }
}
