using System.Threading.RateLimiting;
using CodeAgent.ServiceDefaults.Problems;
using Microsoft.AspNetCore.RateLimiting;

namespace CodeAgent.Api.RateLimits;

internal static class RateLimitExtensions
{
    private const string Streams = "streams";
    private static readonly TimeSpan StreamsRetry = TimeSpan.FromSeconds(5);

    /// <summary>Adds the limits on what one caller may ask, by the section <c>rateLimits</c> of <c>config/api.yaml</c>.</summary>
    public static WebApplicationBuilder AddRateLimits(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<RequestLimits>();
        builder.Services.AddRateLimiter(_ => { });
        builder.Services.AddOptions<RateLimiterOptions>().Configure<RequestLimits>((options, limits) =>
        {
            options.GlobalLimiter = limits.All;
            options.AddPolicy(Streams, limits.Stream);
            options.OnRejected = (context, _) => throw Refusal(context.Lease);
        });
        return builder;
    }

    /// <summary>Uses them; after it is known who calls.</summary>
    public static WebApplication UseRateLimits(this WebApplication app)
    {
        var limits = app.Services.GetRequiredService<RequestLimits>();
        app.Use((context, next) =>
        {
            if (context.GetEndpoint()?.Metadata.GetMetadata<DisableRateLimitingAttribute>() is null)
            {
                // At the last moment, because the exception handler empties the headers.
                context.Response.OnStarting(static state =>
                {
                    var (limits, context) = ((RequestLimits, HttpContext))state;
                    limits.Describe(context);
                    return Task.CompletedTask;
                }, (limits, context));
            }

            return next(context);
        });
        app.UseRateLimiter();
        return app;
    }

    /// <summary>Counts as one of its caller's streams for as long as it is open.</summary>
    /// <param name="endpoint">The endpoint.</param>
    /// <param name="orPage">Whether it gives a page of events instead to who asks for one.</param>
    public static TBuilder CountsAsStream<TBuilder>(this TBuilder endpoint, bool orPage = false)
        where TBuilder : IEndpointConventionBuilder
    {
        endpoint.RequireRateLimiting(Streams);
        return orPage ? endpoint.WithMetadata(new RequestLimits.StreamOrPage()) : endpoint;
    }

    private static ProblemException Refusal(RateLimitLease lease) => lease.TryGetMetadata(MetadataName.RetryAfter, out var wait)
        ? new("too-many-requests", StatusCodes.Status429TooManyRequests,
            "More was asked than one caller may: RateLimit-Policy says how much it is, and RateLimit when there is more. Nothing was done.")
        { RetryAfter = wait < TimeSpan.FromSeconds(1) ? TimeSpan.FromSeconds(1) : wait }
        : new("too-many-streams", StatusCodes.Status429TooManyRequests, "The caller has as many streams open as one may (rateLimits.streams). Close one first.")
        { RetryAfter = StreamsRetry };
}
