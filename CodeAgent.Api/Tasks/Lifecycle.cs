using System.Text.Json;
using System.Text.Json.Nodes;
using CodeAgent.Api.Artifacts;
using CodeAgent.Api.Pipelines;
using CodeAgent.Api.Queue;
using CodeAgent.Contracts;
using static CodeAgent.Api.Tasks.Decision;

namespace CodeAgent.Api.Tasks;

/// <summary>The rules of a task's life: what a command does to it, if anything. No I/O, no clock.</summary>
internal static partial class Lifecycle
{
    /// <summary>Leases of a run that can be given back for nothing. Later ones count as attempts, so that no task goes from hand to hand for ever.</summary>
    public const int FreeReleases = 20;

    /// <summary>Name of the artifact with the work of a task, as workers store it.</summary>
    public const string Patch = "patch";

    /// <summary>Decides.</summary>
    /// <param name="task">The task as it is; none before it was submitted.</param>
    /// <param name="command">What is wanted.</param>
    /// <param name="now">When.</param>
    public static Decision Decide(TaskState? task, TaskCommand command, DateTimeOffset now) => (task, command) switch
    {
        (null, TaskCommand.Submit submit) => Submit(submit, now),
        (not null, TaskCommand.Submit) => new Unchanged(task),
        (null, _) => NotFound(),
        (_, { By: { } tenant }) when !task.IsSeenBy(tenant) => NotFound(),
        (_, TaskCommand.Cancel) => Cancel(task, now),
        (_, TaskCommand.Retry) => Retry(task, now),
        (_, TaskCommand.Message message) => Message(task, message, now),
        (_, TaskCommand.Expire) => Expire(task, now),
        (_, TaskCommand.Claim claim) => Claim(task, claim, now),
        (_, TaskCommand.GiveUp giveUp) => GiveUp(task, giveUp, now),
        (_, TaskCommand.Lapse lapse) => Lapse(task, lapse, now),
        (_, TaskCommand.Due) => Due(task, now),
        (_, TaskCommand.UnderLease held) => UnderLease(task, held, now),
        _ => throw new ArgumentOutOfRangeException(nameof(command), command, "Not a command of this life."),
    };

    private static Refused NotFound() => new(Refusal.NotFound, "There is no task with this id.");

    private static Changed Submit(TaskCommand.Submit submit, DateTimeOffset now) => Change(
        new TaskState
        {
            Id = submit.Id,
            Tenant = submit.Tenant,
            Group = submit.Group,
            Repository = submit.Request.Repository is { } repository ? RepositoryName.Of(repository.Url) : null,
            Status = TaskStatus.Queued,
            CreatedAt = now,
            QueuedAt = now,
            UpdatedAt = now,
            CorrelationId = submit.CorrelationId,
            TraceParent = submit.TraceParent,
            Agent = PipelineCatalog.QueueOf(submit.Request, submit.Steps),
            Priority = submit.Request.Priority,
            Labels = submit.Request.Labels,
            Callback = submit.Request.Callback,
            MaxAttempts = submit.MaxAttempts,
            WaitMinutes = submit.Request.Limits.WaitMinutes,
            Run = 1,
            Attempt = 0,
            Releases = 0,
            Fence = 0,
            Turns = 0,
            Usage = new(),
            EarlierUsage = new(),
            SecondsUsed = 0,
            Checks = [],
            Artifacts = [],
            Messages = 0,
            LastEvent = 0,
        },
        now, (EventTypes.TaskQueued, []));

    private static Decision Cancel(TaskState task, DateTimeOffset now) => task.Status switch
    {
        TaskStatus.Canceled => new Unchanged(task),
        TaskStatus.Running when task.CancelRequested => new Unchanged(task),
        TaskStatus.Running => Change(task with { CancelRequested = true }, now, (EventTypes.TaskCancelRequested, [])),
        TaskStatus.Queued or TaskStatus.AwaitingInput => Change(
            Finish(task, TaskStatus.Canceled, now) with { CancelRequested = true }, now, (EventTypes.TaskCancelRequested, []), (EventTypes.TaskCanceled, [])),
        _ => new Refused(Refusal.Final, $"The task has {Name(task.Status)} already; there is nothing to cancel."),
    };

    private static Decision Retry(TaskState task, DateTimeOffset now) => task.Status is not (TaskStatus.Failed or TaskStatus.Canceled)
        ? new Refused(Refusal.NotRetriable, $"Only a task that failed or was canceled can be tried again; this one is {Name(task.Status)}.")
        : Change(
            task with
            {
                Status = TaskStatus.Queued,
                QueuedAt = now,
                RequeuedAt = null,
                FinishedAt = null,
                Run = task.Run + 1,
                Attempt = 0,
                Releases = 0,
                CancelRequested = false,
                Completion = null,
                Checkpoint = null,
                Turns = 0,
                MessagesSeen = 0,
                Usage = new(),
                EarlierUsage = task.EarlierUsage + task.Usage,
                SecondsUsed = 0,
                Work = null,
                Failure = null,
                Summary = null,
                Delivery = null,
                Checks = [],
                Tests = null,
                Artifacts = [],
            },
            now, (EventTypes.TaskRequeued, new() { ["reason"] = "retry" }));

    // What is between the workers of a run is of no use after it; but what was paid for is kept where it did not come to a delivery.
    private static TaskState Finish(TaskState task, TaskStatus status, DateTimeOffset now) => task with
    {
        Status = status,
        FinishedAt = now,
        NotBefore = null,
        Lease = null,
        Question = null,
        Closing = false,
        Checkpoint = null,
        Artifacts = Results(task, status),
    };

    private static IReadOnlyList<StoredArtifact> Results(TaskState task, TaskStatus status)
    {
        var results = task.Artifacts.Where(artifact => !artifact.IsInternal);

        // A patch from before the checkpoint is that of a delivery that was lost on its way.
        var kept = status == TaskStatus.Succeeded ? null : task.Checkpoint?.Patch;
        return kept is null || results.Any(artifact => artifact.Name == Patch && artifact.CreatedAt >= kept.CreatedAt)
            ? [.. results]
            : [.. results.Where(artifact => artifact.Name != Patch), kept with { Name = Patch }];
    }

    private static Changed Change(TaskState task, DateTimeOffset now, params ReadOnlySpan<(string Type, JsonObject Data)> events)
    {
        var numbered = new TaskEvent[events.Length];
        for (var i = 0; i < events.Length; i++)
        {
            var data = JsonSerializer.SerializeToElement(events[i].Data, TasksJson.Default.JsonObject);
            numbered[i] = new(task.LastEvent + 1 + i, now, events[i].Type, task.Attempt, data);
        }

        return new(task with { UpdatedAt = now, LastEvent = task.LastEvent + events.Length }, numbered);
    }

    private static string Name(TaskStatus status) => status == TaskStatus.AwaitingInput ? "awaiting input" : $"{status}".ToLowerInvariant();
}
