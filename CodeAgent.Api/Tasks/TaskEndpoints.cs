using System.ComponentModel;
using System.Diagnostics;
using System.Security.Claims;
using CodeAgent.Api.Callbacks;
using CodeAgent.Api.Http;
using CodeAgent.Api.Idempotency;
using CodeAgent.Api.Leases;
using CodeAgent.Api.Pipelines;
using CodeAgent.Api.Queue;
using CodeAgent.Api.Repositories;
using CodeAgent.Contracts;
using CodeAgent.ServiceDefaults.Identity;
using CodeAgent.ServiceDefaults.Problems;
using CodeAgent.ServiceDefaults.Telemetry;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;

namespace CodeAgent.Api.Tasks;

internal static class TaskEndpoints
{
    private const long LongestBody = 2 * 1024 * 1024;
    private const int LongestPage = 200;

    public static WebApplication MapTasks(this WebApplication app)
    {
        var read = app.MapGroup("/v1").WithTags("Tasks").RequireAuthorization(Scopes.Read);
        read.MapGet("/tasks", ListAsync).WithQuery("status", "label", "failure", "cursor", "limit").WithSummary("List tasks, newest first")
            .ProducesProblem(StatusCodes.Status400BadRequest);
        read.MapGet("/tasks/{id:guid}", GetAsync).WithQuery().WithSummary("See a task").ProducesProblem(StatusCodes.Status404NotFound);

        var submit = app.MapGroup("/v1").WithTags("Tasks").RequireAuthorization(Scopes.Submit).WithQuery().WithIdempotency();
        submit.MapPost("/tasks", CreateAsync).WithSummary("Submit a task").Accepts<TaskRequest>("application/json")
            .ProducesProblem(StatusCodes.Status400BadRequest).ProducesProblem(StatusCodes.Status413PayloadTooLarge);
        var one = submit.MapGroup("/tasks/{id:guid}").ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status409Conflict);
        one.MapPost("/cancel", CancelAsync).WithSummary("Cancel a task")
            .WithDescription("A task that runs is canceled when its worker has stopped the agent: until then cancelRequested is true.");
        one.MapPost("/retry", RetryAsync).WithSummary("Try a task again, from nothing, that failed or was canceled");
        one.MapPost("/messages", SayAsync).WithSummary("Say something to the agent, or answer its question")
            .WithDescription("Reaches the agent at its next turn. Where the task awaits input, it is the answer, and the task goes on with it; where it waits for an approval, decision is needed. Refused with 409 once nobody would read it.").Accepts<MessageRequest>("application/json")
            .ProducesProblem(StatusCodes.Status400BadRequest);
        return app;
    }

    private static async Task<Created<TaskView>> CreateAsync(
        HttpRequest http, ClaimsPrincipal caller, TaskStore tasks, RepositoryRules repositories, CallbackRules callbacks, PipelineCatalog pipelines,
        TaskQueue queue, IOptions<LeaseOptions> leases, TimeProvider time)
    {
        var request = await JsonBody.ReadAsync(http, ContractsJson.Default.TaskRequest, LongestBody);
        var once = http.Idempotent();
        var id = once?.Id ?? TaskIds.Next(time.GetUtcNow());
        if (once is { IsRepetition: true } && await tasks.FindWithRequestAsync(id, caller.Tenant()) is var (made, asked))
        {
            return TypedResults.Created($"/v1/tasks/{id}", made.ToView(asked));
        }

        TaskRules.Require(request, id, repositories);
        callbacks.Require(request.Callback, caller.Tenant());
        var steps = pipelines.Resolve(request);

        // Sampled or not, a request has a trace; only where nobody at all listens to traces there is none.
        var span = Activity.Current?.SetTag(CodeAgentTelemetry.TaskIdTag, id);
        var trace = span?.TraceId ?? ActivityTraceId.CreateRandom();
        var parent = span?.Id ?? $"00-{trace}-{ActivitySpanId.CreateRandom()}-00";
        var command = new TaskCommand.Submit(id, request, trace.ToHexString(), parent, leases.Value.MaxAttempts)
        {
            Tenant = caller.Tenant(),
            Group = queue.Shares.TurnsBy is { } label ? request.Labels.GetValueOrDefault(label) : null,
            Steps = steps,
        };
        var task = (await tasks.ChangeAsync(id, command)).Require();
        return TypedResults.Created($"/v1/tasks/{id}", task.ToView(request));
    }

    private static async Task<Ok<Page<TaskView>>> ListAsync(
        TaskList list, ClaimsPrincipal caller,
        [Description("Only tasks in this state: queued, running, awaiting_input, succeeded, failed or canceled.")] string? status = null,
        [Description("Only tasks with this label, as KEY:VALUE. May be given several times; then all must fit.")] string[]? label = null,
        [Description("Only tasks that failed with this code, such as attempts_exhausted.")] string? failure = null,
        [Description("next of the page before.")] string? cursor = null,
        [Description("Tasks of a page: 1 to 200, 50 by default. A page can be shorter though there is a next one.")] string? limit = null)
    {
        var filter = new TaskFilter(
            status is null ? null : TaskIndexes.TryStatus(status) ?? throw TaskProblems.Invalid("status", $"A state is one of {TaskIndexes.StatusNames}."),
            [.. (label ?? []).Select(Label)],
            failure);
        var size = QueryParameters.PageSize(limit, 50, LongestPage);
        Guid? before = cursor is null ? null : Guid.TryParseExact(cursor, "D", out var id) ? id
            : throw TaskProblems.Invalid("cursor", "cursor is next of the page before, as it was.");
        return TypedResults.Ok(await list.ReadAsync(filter, caller.Tenant(), before, size));
    }

    private static async Task<Ok<TaskView>> GetAsync(Guid id, ClaimsPrincipal caller, TaskStore tasks, QueueEstimate queue) =>
        await tasks.FindWithRequestAsync(id, caller.Tenant()) is var (task, request)
            ? TypedResults.Ok(task.ToView(request) with { Queue = await queue.OfAsync(task) })
            : throw TaskProblems.NotFound();

    private static Task<Ok<TaskView>> CancelAsync(Guid id, HttpRequest http, ClaimsPrincipal caller, TaskStore tasks) =>
        ChangeAsync(id, new TaskCommand.Cancel { By = caller.Tenant(), Once = http.Idempotent()?.Id }, tasks);

    private static Task<Ok<TaskView>> RetryAsync(Guid id, HttpRequest http, ClaimsPrincipal caller, TaskStore tasks) =>
        ChangeAsync(id, new TaskCommand.Retry { By = caller.Tenant(), Once = http.Idempotent()?.Id }, tasks);

    private static async Task<Accepted<FollowUp>> SayAsync(Guid id, HttpRequest http, ClaimsPrincipal caller, TaskStore tasks)
    {
        var message = await JsonBody.ReadAsync(http, ContractsJson.Default.MessageRequest, LongestBody);
        TaskRules.Require(message);
        var said = new TaskCommand.Message(message.Text, message.Decision, message.Question) { By = caller.Tenant(), Once = http.Idempotent()?.Id };
        var decision = await tasks.ChangeAsync(id, said);
        decision.Require();
        return TypedResults.Accepted((string?)null, decision.Said!);
    }

    private static async Task<Ok<TaskView>> ChangeAsync(Guid id, TaskCommand command, TaskStore tasks)
    {
        var task = (await tasks.ChangeAsync(id, command)).Require();
        return TypedResults.Ok(task.ToView(await tasks.RequestAsync(id)));
    }

    private static KeyValuePair<string, string> Label(string text) => text.IndexOf(':', StringComparison.Ordinal) is > 0 and var colon
        ? new(text[..colon], text[(colon + 1)..])
        : throw TaskProblems.Invalid("label", "A label is looked for as KEY:VALUE.");
}
