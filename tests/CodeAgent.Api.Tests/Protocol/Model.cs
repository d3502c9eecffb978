using CodeAgent.Api.Tasks;
using CodeAgent.Contracts;

namespace CodeAgent.Api.Tests.Protocol;

/// <summary>The lease protocol told a second time, from what it promises and not from how it is done.</summary>
internal static class Model
{
    public const string Done = "changed";
    public const string Same = "unchanged";
    public const int MostAttempts = 3;

    /// <summary>What a command is answered, and what the task is then.</summary>
    public static (string Answer, ModelTask Task) Apply(ModelTask task, TaskCommand command, DateTimeOffset now) => (task.Status, command) switch
    {
        (null, TaskCommand.Submit submit) => (Done, task with { Id = submit.Id, Status = TaskStatus.Queued, Run = 1, Log = 1 }),
        (null, _) => No(Refusal.NotFound, task),
        (_, TaskCommand.Submit) => (Same, task),
        (_, TaskCommand.Cancel) => Cancel(task),
        (_, TaskCommand.Retry) => task.Status is TaskStatus.Failed or TaskStatus.Canceled ? (Done, Again(task)) : No(Refusal.NotRetriable, task),
        (_, TaskCommand.Message) => Message(task),
        (_, TaskCommand.Claim claim) => task is not { Status: TaskStatus.Queued, Until: null } ? No(Refusal.NotDue, task) : (Done, task with
        {
            Status = TaskStatus.Running,
            Fence = task.Fence + 1,
            Attempt = task.Attempt + 1,
            Received = 0,
            Log = task.Log + 1,
            Until = now + claim.Ttl,
        }),
        (TaskStatus.Running, TaskCommand.Lapse lapse) when task.Until <= now => Back(task, isFree: false, until: now + lapse.Delays?.After(task.Id, task.Fence, task.Attempt)),
        (TaskStatus.Queued, TaskCommand.Due) when task.Until <= now => (Done, task with { Until = null }),
        (TaskStatus.AwaitingInput, TaskCommand.Expire) when task.Until <= now => (Done, End(task, TaskStatus.Failed)),
        (_, TaskCommand.Lapse or TaskCommand.Expire or TaskCommand.Due) => No(Refusal.NotDue, task),
        (_, TaskCommand.UnderLease held) => UnderLease(task, held, now),
        _ => throw new ArgumentOutOfRangeException(nameof(command)),
    };

    private static (string, ModelTask) Cancel(ModelTask task) => task.Status switch
    {
        TaskStatus.Canceled => (Same, task),
        TaskStatus.Succeeded or TaskStatus.Failed => No(Refusal.Final, task),
        TaskStatus.Running when task.CancelRequested => (Same, task),
        TaskStatus.Running => (Done, task with { CancelRequested = true, Log = task.Log + 1 }),
        _ => (Done, End(task with { CancelRequested = true, Log = task.Log + 1 }, TaskStatus.Canceled)),
    };

    private static ModelTask Again(ModelTask task) => new()
    {
        Id = task.Id,
        Status = TaskStatus.Queued,
        Fence = task.Fence,
        Run = task.Run + 1,
        Messages = task.Messages,
        Log = task.Log + 1,
    };

    private static (string, ModelTask) Message(ModelTask task) =>
        task.IsFinal ? No(Refusal.Final, task)
        : task.Closing ? No(Refusal.NobodyReads, task)
        : task.Status == TaskStatus.AwaitingInput ? (Done, task with { Status = TaskStatus.Queued, Messages = task.Messages + 1, Log = task.Log + 2, Until = null })
        : (Done, task with { Messages = task.Messages + 1, Log = task.Log + 1 });

    // Who does not hold the newest lease changes nothing; it may only say again how its own ended.
    private static (string, ModelTask) UnderLease(ModelTask task, TaskCommand.UnderLease command, DateTimeOffset now) => command switch
    {
        TaskCommand.Complete said when task.Said == new Completion(said.Fence, said.Request.Outcome) => (Same, task),
        _ when task.Status != TaskStatus.Running || command.Fence != task.Fence => No(Refusal.LeaseLost, task),
        TaskCommand.Heartbeat beat => (Done, task with { Until = task.Until > now + beat.Ttl ? task.Until : now + beat.Ttl }),
        TaskCommand.AppendEvents append => Append(task, append.Batch),
        TaskCommand.StoreCheckpoint { Checkpoint: var stored } => stored.Turn < task.Turn ? No(Refusal.CheckpointBehind, task)
            : (Done, task with { Turn = stored.Turn, HasCheckpoint = true, Seen = Seen(task, stored.MessagesSeen) }),
        TaskCommand.StoreArtifact => (Done, task),
        TaskCommand.Close close => close.MessagesSeen < task.Messages ? No(Refusal.MessagesUnread, task)
            : task.Closing ? (Same, task) : (Done, task with { Closing = true, Seen = Seen(task, close.MessagesSeen) }),
        TaskCommand.Release => Back(task, isFree: task.Releases < Lifecycle.FreeReleases, isRelease: true),
        TaskCommand.Complete complete => Complete(task, complete.Request.Outcome, new(complete.Fence, complete.Request.Outcome), now),
        _ => throw new ArgumentOutOfRangeException(nameof(command)),
    };

    // A batch that came already, in whole or in part, is stored once.
    private static (string, ModelTask) Append(ModelTask task, EventBatch batch)
    {
        var news = Math.Max(0, batch.First + batch.Events.Count - task.Received);
        return batch.First > task.Received ? No(Refusal.EventGap, task)
            : news == 0 ? (Same, task)
            : (Done, task with { Received = task.Received + news, Log = task.Log + news });
    }

    // Nobody has seen more messages than there are, whatever they say.
    private static int Seen(ModelTask task, int said) => Math.Max(task.Seen, Math.Min(task.Messages, said));

    private static (string, ModelTask) Complete(ModelTask task, Outcome outcome, Completion said, DateTimeOffset now)
    {
        if (outcome == Outcome.AwaitingInput && !task.CancelRequested)
        {
            var asked = task with { Attempt = task.Attempt - 1, Closing = false, Received = 0, Said = said };
            return !task.HasCheckpoint ? No(Refusal.Invalid, task)
                : task.Messages > task.Seen ? (Done, asked with { Status = TaskStatus.Queued, Until = null, Log = task.Log + 2 })
                : (Done, asked with { Status = TaskStatus.AwaitingInput, Until = now + TimeSpan.FromMinutes(TaskLimits.DefaultWaitMinutes), Log = task.Log + 1 });
        }

        return outcome == Outcome.Succeeded && task.Seen < task.Messages ? No(Refusal.MessagesUnread, task)
            : (Done, End(task, outcome == Outcome.Succeeded ? TaskStatus.Succeeded : task.CancelRequested ? TaskStatus.Canceled : TaskStatus.Failed) with { Said = said });
    }

    private static (string, ModelTask) Back(ModelTask task, bool isFree, bool isRelease = false, DateTimeOffset? until = null) =>
        task.CancelRequested ? (Done, End(task, TaskStatus.Canceled))
        : !isFree && task.Attempt >= MostAttempts ? (Done, End(task, TaskStatus.Failed))
        : (Done, task with
        {
            Status = TaskStatus.Queued,
            Attempt = task.Attempt - (isFree ? 1 : 0),
            Releases = task.Releases + (isRelease ? 1 : 0),
            Closing = false,
            Received = 0,
            Log = task.Log + 1,
            Until = isFree ? null : until,
        });

    private static ModelTask End(ModelTask task, TaskStatus status) =>
        task with { Status = status, Closing = false, HasCheckpoint = false, Received = 0, Log = task.Log + 1, Until = null };

    private static (string, ModelTask) No(Refusal why, ModelTask task) => ($"{why}", task);
}
