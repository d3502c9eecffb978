using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using CodeAgent.Contracts;
using CodeAgent.ServiceDefaults.Problems;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CodeAgent.Api.Tests.Page;

/// <summary>Answers like the Api, from what a test puts in it.</summary>
internal sealed class ScriptedApi
{
    private readonly TaskCompletionSource _over = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public ConcurrentDictionary<Guid, TaskView> Tasks { get; } = new();

    /// <summary>The events of every task.</summary>
    public List<TaskEvent> Events { get; } = [];

    /// <summary>The stream ends after the event with this number, the first time.</summary>
    public long CutAfter { get; set; } = -1;

    /// <summary>So many requests fail before one is answered.</summary>
    public int FailFirst { get; set; }

    /// <summary>The events that come with a retry.</summary>
    public List<TaskEvent> Retried { get; } = [];

    public string Patch { get; set; } = "";

    /// <summary>What was asked for, as in <c>POST cancel</c>.</summary>
    public ConcurrentQueue<string> Requests { get; } = new();

    /// <summary>Ends the streams.</summary>
    public void End() => _over.TrySetResult();

    public void Map(WebApplication app)
    {
        app.Use(next => context => context.Request.Path.StartsWithSegments("/v1", StringComparison.Ordinal) && FailFirst-- > 0
            ? throw new ProblemException("redis-unavailable", StatusCodes.Status503ServiceUnavailable, "Not just now.")
            : next(context));
        app.MapGet("/v1/status/events", StatusEventsAsync);
        app.MapGet("/v1/tasks", (string? status) => Json(new Page<TaskView>(
            [.. Tasks.Values.Where(task => status is null || JsonSerializer.Serialize(task.Status) == $"\"{status}\"").OrderByDescending(task => task.Id)], null)));
        app.MapPost("/v1/tasks", SubmitAsync);
        app.MapGet("/v1/tasks/{id}", (Guid id) => Json(Find(id)));
        app.MapPost("/v1/tasks/{id}/cancel", (Guid id) =>
        {
            Requests.Enqueue("POST cancel");
            return Json(Tasks[id] = Find(id) with { Status = TaskStatus.Canceled });
        });
        app.MapPost("/v1/tasks/{id}/retry", (Guid id) =>
        {
            Events.AddRange(Retried);
            return Json(Tasks[id] = Find(id) with { Status = TaskStatus.Queued, FinishedAt = null });
        });
        app.MapPost("/v1/tasks/{id}/messages", async (Guid id, HttpRequest request) =>
        {
            var said = await JsonBody.ReadAsync(request, ContractsJson.Default.MessageRequest, 100_000);
            Requests.Enqueue("POST message " + JsonSerializer.Serialize(said, ContractsJson.Default.MessageRequest));
            Tasks[id] = Find(id) with { Status = TaskStatus.Queued, Question = null };
            return TypedResults.Accepted((string?)null);
        });
        app.MapGet("/v1/tasks/{id}/events", EventsAsync);
        app.MapGet("/v1/tasks/{id}/artifacts/patch", () => TypedResults.Text(Patch, "text/x-patch"));
    }

    private TaskView Find(Guid id) => Tasks.TryGetValue(id, out var task) ? task : throw new ProblemException("task-not-found", 404, "There is no task with this id.");

    private SystemStatus Status() => new()
    {
        At = TimeProvider.System.GetUtcNow(),
        Tasks = Tasks.Values.GroupBy(task => task.Status).ToDictionary(group => JsonSerializer.Serialize(group.Key).Trim('"'), group => group.LongCount()),
        Workers =
        [
            new() { Name = "worker-1", Agents = ["builtin", "command", "codex"], Capacity = 2, Running = 1, LastSeenAt = TimeProvider.System.GetUtcNow() },
            new() { Name = "worker-2", Agents = ["builtin", "command"], Capacity = 2, Running = 0, LastSeenAt = TimeProvider.System.GetUtcNow() },
        ],
    };

    private async Task<IResult> SubmitAsync(HttpRequest request)
    {
        var body = await JsonBody.ReadAsync(request, ContractsJson.Default.TaskRequest, 100_000);
        Requests.Enqueue("POST " + JsonSerializer.Serialize(body, ContractsJson.Default.TaskRequest));
        return body.Limits.Turns > 1000
            ? throw new ProblemException("invalid-field", 400, "limits.turns is 1 to 1000.") { Field = "limits.turns" }
            : Json(Tasks.Values.First());
    }

    private async Task StatusEventsAsync(HttpContext context)
    {
        context.Response.ContentType = "text/event-stream";
        await context.Response.WriteAsync($"data: {JsonSerializer.Serialize(Status(), ContractsJson.Default.SystemStatus)}\n\n");
        await HoldAsync(context);
    }

    private async Task EventsAsync(Guid id, HttpContext context)
    {
        var after = long.TryParse(context.Request.Headers["Last-Event-ID"], CultureInfo.InvariantCulture, out var last) ? last : 0;
        Requests.Enqueue($"GET events after {after}");
        if (after > 0 && after == Events.Count && Find(id).FinishedAt is not null)
        {
            context.Response.StatusCode = StatusCodes.Status204NoContent;
            return;
        }

        context.Response.ContentType = "text/event-stream";
        await context.Response.WriteAsync(": hello\r\n\r\n");
        foreach (var item in Events.Where(item => item.Number > after))
        {
            await context.Response.WriteAsync($"id: {item.Number}\nevent: {item.Type}\ndata: {JsonSerializer.Serialize(item, ContractsJson.Default.TaskEvent)}\n\n");
            await context.Response.Body.FlushAsync();
            if (item.Number == CutAfter)
            {
                CutAfter = -1;
                return;
            }
        }

        if (Find(id).FinishedAt is null)
        {
            await HoldAsync(context);
        }
    }

    private async Task HoldAsync(HttpContext context)
    {
        await context.Response.Body.FlushAsync();
        var left = new TaskCompletionSource();
        await using var registration = context.RequestAborted.Register(() => left.TrySetResult());
        await Task.WhenAny(_over.Task, left.Task);
    }

    private static JsonHttpResult<T> Json<T>(T value) => TypedResults.Json(value, ContractsJson.Default.Options);
}
