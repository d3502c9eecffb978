using System.Security.Claims;
using CodeAgent.Api.Events;
using CodeAgent.Api.Http;
using CodeAgent.Api.RateLimits;
using CodeAgent.Contracts;
using CodeAgent.ServiceDefaults.Identity;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CodeAgent.Api.Status;

internal static class StatusEndpoints
{
    public static WebApplicationBuilder AddStatus(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<WorkerRegistry>();
        builder.Services.AddSingleton<StatusReader>();
        builder.Services.AddSingleton<StatusFeeds>();
        return builder;
    }

    public static WebApplication MapStatus(this WebApplication app)
    {
        var status = app.MapGroup("/v1").WithTags("Status").RequireAuthorization(Scopes.Read).WithQuery();
        status.MapGet("/status", GetAsync).WithSummary("See the queue and the workers");
        status.MapGet("/status/events", Watch).CountsAsStream().WithSummary("Watch the queue and the workers")
            .WithDescription("Server-sent events of the type status, each the whole status: at once, and whenever it differs, at most twice a second.")
            .Produces<SystemStatus>(contentType: "text/event-stream");
        return app;
    }

    private static async Task<Ok<SystemStatus>> GetAsync(ClaimsPrincipal caller, StatusReader status) =>
        TypedResults.Ok(await status.ReadAsync(caller.Tenant()));

    private static EventStreamResult Watch(ClaimsPrincipal caller, StatusFeeds feeds) => new(feeds.Of(caller.Tenant()).WatchAsync(default));
}
