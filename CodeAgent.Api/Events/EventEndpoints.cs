using System.ComponentModel;
using System.Globalization;
using System.Security.Claims;
using CodeAgent.Api.Http;
using CodeAgent.Api.RateLimits;
using CodeAgent.Api.Tasks;
using CodeAgent.Contracts;
using CodeAgent.ServiceDefaults.Identity;
using Microsoft.AspNetCore.Mvc;

namespace CodeAgent.Api.Events;

internal static class EventEndpoints
{
    private const string LastEventId = "Last-Event-ID";
    private const int LongestPage = 500;

    public static WebApplicationBuilder AddEvents(this WebApplicationBuilder builder)
    {
        builder.Services.AddOptions<EventOptions>().BindConfiguration(EventOptions.Section)
            .Validate(options => options.Heartbeat > TimeSpan.Zero, "Events:Heartbeat must be above zero.")
            .Validate(options => options.Reconnect >= TimeSpan.Zero && options.Spread >= TimeSpan.Zero, "Events:Reconnect and Events:Spread must not be below zero.")
            .Validate(options => options.StuckAfter > TimeSpan.Zero, "Events:StuckAfter must be above zero.")
            .ValidateOnStart();
        builder.Services.AddSingleton<EventLog>();
        builder.Services.AddSingleton<EventHub>();
        builder.Services.AddHostedService(services => services.GetRequiredService<EventHub>());
        return builder;
    }

    public static WebApplication MapEvents(this WebApplication app)
    {
        app.MapGet("/v1/tasks/{id:guid}/events", GetAsync).WithTags("Tasks").RequireAuthorization(Scopes.Read)
            .WithQuery("after", "limit").CountsAsStream(orPage: true)
            .WithSummary("Watch a task's events")
            .WithDescription("Server-sent events, first the ones that were, then each as it happens, until the task is final. "
                + "With Accept: application/json, a page of the same events.")
            .Produces<Page<TaskEvent>>(contentType: "application/json", additionalContentTypes: "text/event-stream")
            .ProducesProblem(StatusCodes.Status400BadRequest).ProducesProblem(StatusCodes.Status404NotFound);
        return app;
    }

    private static async Task<IResult> GetAsync(
        Guid id, HttpRequest http, ClaimsPrincipal caller, TaskStore tasks, EventLog log,
        [FromHeader(Name = LastEventId), Description("Number of the last event that came; sent by clients that come back.")] string? lastEventId = null,
        [Description("Number of the event to begin after; 0 by default.")] string? after = null,
        [Description("Events of a page: 1 to 500, 100 by default. Not for streams.")] string? limit = null)
    {
        var begin = lastEventId is { Length: > 0 } ? Number(LastEventId, lastEventId) : after is null ? 0 : Number("after", after);
        var size = QueryParameters.PageSize(limit, 100, LongestPage);
        if (await tasks.FindAsync(id, caller.Tenant()) is null)
        {
            throw TaskProblems.NotFound();
        }

        if (WantsPage(http))
        {
            return new EventPageResult(await log.ReadRawAsync(id, begin, size + 1), begin, size);
        }

        // Browsers come back after each end of a stream, unless they are told that there is no more.
        return lastEventId is { Length: > 0 } && await log.IsOverAsync(id, begin)
            ? TypedResults.NoContent()
            : new EventStreamResult(log.FollowAsync(id, begin, default).Select(batch => (IReadOnlyList<byte[]>)[.. batch.Select(e => e.Frame)]));
    }

    public static bool WantsPage(HttpRequest http)
    {
        var accepted = http.GetTypedHeaders().Accept;
        return accepted.Any(type => type.MediaType == "application/json") && accepted.All(type => type.MediaType != "text/event-stream");
    }

    private static long Number(string name, string text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number < int.MaxValue
            ? number
            : throw TaskProblems.Invalid(name, $"{name} is the number of an event: 0 or more.");
}
