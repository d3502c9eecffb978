using System.Security.Claims;
using CodeAgent.Api.Artifacts.Uploads;
using CodeAgent.Api.Http;
using CodeAgent.Api.Tasks;
using CodeAgent.Contracts;
using CodeAgent.ServiceDefaults.Identity;
using CodeAgent.ServiceDefaults.Problems;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;

namespace CodeAgent.Api.Leases;

internal static partial class LeaseEndpoints
{
    private const long SmallBody = 64 * 1024;
    private const long WorkBody = 1024 * 1024;
    private const long EventsBody = 16 * 1024 * 1024;
    private const long CheckpointBody = 17 * 1024 * 1024;
    private const long CompleteBody = 4 * 1024 * 1024;

    public static WebApplication MapLeases(this WebApplication app)
    {
        var leases = app.MapGroup("/v1").WithTags("Leases").WithQuery()
            .ProducesProblem(StatusCodes.Status400BadRequest).ProducesProblem(StatusCodes.Status403Forbidden);
        leases.MapPost("/leases", ClaimAsync).RequireAuthorization(Scopes.Work).WithSummary("Claim a task")
            .WithDescription("For workers. Held until there is a task that the worker can do, at most waitSeconds.")
            .Accepts<ClaimRequest>("application/json").Produces<Lease>().Produces(StatusCodes.Status204NoContent);

        var held = leases.MapGroup("/leases/{taskId:guid}").RequireAuthorization(Scopes.TaskToken).ProducesProblem(StatusCodes.Status409Conflict);
        held.MapPost("/heartbeat", HeartbeatAsync).WithSummary("Extend the lease and wait for news").Accepts<HeartbeatRequest>("application/json");
        held.MapPost("/events", AppendEventsAsync).WithSummary("Report events").Accepts<EventBatch>("application/json");
        held.MapPut("/checkpoint", StoreCheckpointAsync).WithSummary("Store the state after a turn").Accepts<Checkpoint>("application/json");
        held.MapPut("/work", ReportWorkAsync).WithSummary("Say what the work is about").Accepts<WorkView>("application/json");
        held.MapUploads();
        held.MapPost("/close", CloseAsync).WithSummary("Say that the agent reads no more messages").Accepts<CloseRequest>("application/json");
        held.MapPost("/complete", CompleteAsync).WithSummary("End the task, or let it wait for an answer").Accepts<CompleteRequest>("application/json");
        held.MapPost("/release", ReleaseAsync).WithSummary("Give the task back").Accepts<ReleaseRequest>("application/json");
        return app;
    }

    private static async Task<IResult> ClaimAsync(HttpContext http, LeaseGranter granter, TaskStore tasks, IHostApplicationLifetime lifetime)
    {
        var claim = await JsonBody.ReadAsync(http.Request, ContractsJson.Default.ClaimRequest, SmallBody);
        LeaseRules.Require(claim);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, lifetime.ApplicationStopping);
        try
        {
            return await granter.GrantAsync(claim, either.Token) is { } lease ? new GrantedLease(lease, tasks) : TypedResults.NoContent();
        }
        catch (OperationCanceledException) when (lifetime.ApplicationStopping.IsCancellationRequested)
        {
            return TypedResults.NoContent();
        }
    }

    private static async Task<Ok<HeartbeatResponse>> HeartbeatAsync(
        Guid taskId, HttpRequest http, ClaimsPrincipal caller, LeaseNews news)
    {
        var fence = caller.FenceFor(taskId);
        var request = await JsonBody.ReadAsync(http, ContractsJson.Default.HeartbeatRequest, SmallBody);
        LeaseRules.Require(request);
        return TypedResults.Ok(await news.WaitAsync(taskId, fence, request, http.HttpContext.RequestAborted));
    }

    private static async Task<NoContent> AppendEventsAsync(Guid taskId, HttpRequest http, ClaimsPrincipal caller, TaskStore tasks)
    {
        var fence = caller.FenceFor(taskId);
        var batch = await JsonBody.ReadAsync(http, ContractsJson.Default.EventBatch, EventsBody);
        LeaseRules.Require(batch);
        (await tasks.ChangeAsync(taskId, new TaskCommand.AppendEvents(fence, batch))).Require();
        return TypedResults.NoContent();
    }

    private static async Task<NoContent> StoreCheckpointAsync(Guid taskId, HttpRequest http, ClaimsPrincipal caller, TaskStore tasks)
    {
        var fence = caller.FenceFor(taskId);
        var checkpoint = await JsonBody.ReadAsync(http, ContractsJson.Default.Checkpoint, CheckpointBody);
        LeaseRules.Require(checkpoint);
        var json = System.Text.Json.JsonSerializer.Serialize(checkpoint, ContractsJson.Default.Checkpoint);
        var command = new TaskCommand.StoreCheckpoint(fence, checkpoint);
        (await tasks.ChangeAsync(taskId, command, (commit, _) => commit.Do("SET", TaskKeys.Checkpoint(taskId), json))).Require();
        return TypedResults.NoContent();
    }

    private static async Task<NoContent> ReportWorkAsync(Guid taskId, HttpRequest http, ClaimsPrincipal caller, TaskStore tasks)
    {
        var fence = caller.FenceFor(taskId);
        var work = await JsonBody.ReadAsync(http, ContractsJson.Default.WorkView, WorkBody);
        LeaseRules.Require(work);
        (await tasks.ChangeAsync(taskId, new TaskCommand.ReportWork(fence, work))).Require();
        return TypedResults.NoContent();
    }

    private static async Task<NoContent> CloseAsync(Guid taskId, HttpRequest http, ClaimsPrincipal caller, TaskStore tasks)
    {
        var fence = caller.FenceFor(taskId);
        var request = await JsonBody.ReadAsync(http, ContractsJson.Default.CloseRequest, SmallBody);
        (await tasks.ChangeAsync(taskId, new TaskCommand.Close(fence, request.MessagesSeen))).Require();
        return TypedResults.NoContent();
    }

    private static async Task<NoContent> CompleteAsync(
        Guid taskId, HttpRequest http, ClaimsPrincipal caller, TaskStore tasks, IOptions<LeaseOptions> options)
    {
        var fence = caller.FenceFor(taskId);
        var request = await JsonBody.ReadAsync(http, ContractsJson.Default.CompleteRequest, CompleteBody);
        LeaseRules.Require(request);
        (await tasks.ChangeAsync(taskId, new TaskCommand.Complete(fence, request, options.Value.RetryDelays))).Require();
        return TypedResults.NoContent();
    }

    private static async Task<NoContent> ReleaseAsync(
        Guid taskId, HttpRequest http, ClaimsPrincipal caller, TaskStore tasks, ILogger<LeaseGranter> logger)
    {
        var fence = caller.FenceFor(taskId);
        var request = await JsonBody.ReadAsync(http, ContractsJson.Default.ReleaseRequest, SmallBody);
        (await tasks.ChangeAsync(taskId, new TaskCommand.Release(fence, request.Reason))).Require();
        LogReleased(logger, fence, taskId, request.Reason);
        return TypedResults.NoContent();
    }

    [LoggerMessage(LogLevel.Information, "Lease {Fence} of task {TaskId} was given back: {Reason}")]
    private static partial void LogReleased(ILogger logger, long fence, Guid taskId, string reason);
}
