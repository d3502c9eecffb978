using System.Text.Json;
using System.Text.Json.Nodes;
using CodeAgent.Api.Artifacts;
using CodeAgent.Api.Queue;
using CodeAgent.Contracts;
using static CodeAgent.Api.Tasks.Decision;

namespace CodeAgent.Api.Tasks;

// What workers do, and what happens when they are not heard of any more.
internal static partial class Lifecycle
{
    private static Decision Claim(TaskState task, TaskCommand.Claim claim, DateTimeOffset now)
    {
        if (!QueuePlace.IsDue(task))
        {
            return new Refused(Refusal.NotDue, $"The task is {Name(task.Status)}{(task.NotBefore is null ? "" : ", and waits for its next attempt")}.");
        }

        var claimed = task with
        {
            Status = TaskStatus.Running,
            StartedAt = task.StartedAt ?? now,
            Attempt = task.Attempt + 1,
            Fence = task.Fence + 1,
            Lease = new()
            {
                Worker = claim.Worker,
                ClaimedAt = now,
                RenewedAt = now,
                ExpiresAt = now + claim.Ttl,
                EventsReceived = 0,
            },
        };
        return Change(claimed, now,
            (EventTypes.TaskClaimed, new() { ["worker"] = claim.Worker, ["fence"] = claimed.Fence, ["turn"] = claimed.Turns }));
    }

    // Nothing that a watcher would want to hear: it was told of the delay.
    private static Decision Due(TaskState task, DateTimeOffset now) => task.NotBefore is { } due && due <= now
        ? Change(task with { NotBefore = null }, now)
        : new Refused(Refusal.NotDue, $"The task is {Name(task.Status)}, and it is not time for its next attempt.");

    private static Decision Lapse(TaskState task, TaskCommand.Lapse lapse, DateTimeOffset now) =>
        task.Lease is not { } lease ? new Refused(Refusal.NotDue, $"The task is {Name(task.Status)}.")
        : lease.ExpiresAt > now ? new Refused(Refusal.NotDue, "The lease holds.")
        : BackToQueue(task, lease, until: lease.RenewedAt, "lease_lapsed", counts: true, lapse.Delays, now);

    private static Decision GiveUp(TaskState task, TaskCommand.GiveUp giveUp, DateTimeOffset now) => task.Status != TaskStatus.Queued
        ? new Refused(Refusal.NotDue, $"The task is {Name(task.Status)}.")
        : Change(Finish(task, TaskStatus.Failed, now) with { Failure = giveUp.Failure }, now, (EventTypes.TaskFailed, Data(giveUp.Failure)));

    private static Decision UnderLease(TaskState task, TaskCommand.UnderLease command, DateTimeOffset now)
    {
        if (command is TaskCommand.Complete again && task.Completion == new Completion(again.Fence, again.Request.Outcome))
        {
            return new Unchanged(task);
        }

        // A lease over its time that nobody has swept yet still holds: its worker is back before anybody took over.
        if (task.Lease is not { } lease || command.Fence != task.Fence)
        {
            return new Refused(Refusal.LeaseLost, $"The lease with the number {command.Fence} is over; the newest has the number {task.Fence}, and the task is {Name(task.Status)}.");
        }

        return command switch
        {
            TaskCommand.Heartbeat heartbeat => Heartbeat(task, lease, heartbeat, now),
            TaskCommand.AppendEvents append => AppendEvents(task, lease, append.Batch, now),
            TaskCommand.StoreCheckpoint store => StoreCheckpoint(task, store.Checkpoint, now),
            TaskCommand.ReportWork report => Change(task with { Work = report.Work }, now),
            TaskCommand.StoreArtifact store => StoreArtifact(task, store.Artifact, now),
            TaskCommand.Close close => Close(task, close, now),
            TaskCommand.Complete complete => Complete(task, lease, complete, now),
            TaskCommand.Release => BackToQueue(task, lease, until: now, "released", counts: task.Releases >= FreeReleases, delays: null, now),
            _ => throw new ArgumentOutOfRangeException(nameof(command), command, "Not a command of a lease."),
        };
    }

    // Time only goes forward for a lease, whichever instance's clock renews it.
    private static Changed Heartbeat(TaskState task, LeaseState lease, TaskCommand.Heartbeat heartbeat, DateTimeOffset now) => new(
        task with { Lease = lease with { RenewedAt = Later(lease.RenewedAt, now), ExpiresAt = Later(lease.ExpiresAt, now + heartbeat.Ttl) } }, []);

    private static Decision AppendEvents(TaskState task, LeaseState lease, EventBatch batch, DateTimeOffset now)
    {
        if (batch.First > lease.EventsReceived)
        {
            return new Refused(Refusal.EventGap, $"The batch begins at {batch.First}, but the next event of this lease is {lease.EventsReceived}.", "first");
        }

        var news = batch.Events.Skip((int)Math.Min(lease.EventsReceived - batch.First, batch.Events.Count))
            .Select((e, i) => new TaskEvent(task.LastEvent + 1 + i, e.At, e.Type, task.Attempt, e.Data))
            .ToList();
        return news.Count == 0 ? new Unchanged(task) : new Changed(
            task with
            {
                UpdatedAt = now,
                LastEvent = task.LastEvent + news.Count,
                Lease = lease with { EventsReceived = lease.EventsReceived + news.Count },
            },
            news);
    }

    private static Decision StoreCheckpoint(TaskState task, Checkpoint checkpoint, DateTimeOffset now)
    {
        if (checkpoint.Turn < task.Turns)
        {
            return new Refused(Refusal.CheckpointBehind, $"The checkpoint is of turn {checkpoint.Turn}, but that of turn {task.Turns} is stored.", "turn");
        }

        var patch = task.Artifacts.FirstOrDefault(artifact => artifact.Name == checkpoint.Patch);
        if (checkpoint.Patch is not null && patch is null)
        {
            return new Refused(Refusal.Invalid, "The checkpoint names a patch that is not among the stored artifacts; store it first.", "patch");
        }

        return Change(
            task with
            {
                Turns = checkpoint.Turn,
                Usage = checkpoint.Usage,
                MessagesSeen = Math.Max(task.MessagesSeen, Math.Min(task.Messages, checkpoint.MessagesSeen)),
                Checkpoint = new(checkpoint.Turn, patch),
                Artifacts = [.. task.Artifacts.Where(artifact => !artifact.IsInternal || artifact == patch)],
            },
            now);
    }

    private static Changed StoreArtifact(TaskState task, StoredArtifact stored, DateTimeOffset now) => Change(
        task with { Artifacts = [.. task.Artifacts.Where(artifact => artifact.Name != stored.Name), stored] }, now);

    private static Decision Complete(TaskState task, LeaseState lease, TaskCommand.Complete complete, DateTimeOffset now)
    {
        var request = complete.Request;
        if (request.Outcome == Outcome.Failed != (request.Failure is not null))
        {
            return new Refused(Refusal.Invalid, "A failed task has a failure, and no other has one.", "failure");
        }

        if (request.Outcome == Outcome.AwaitingInput != (request.Question is not null))
        {
            return new Refused(Refusal.Invalid, "A task that awaits input has a question, and no other has one.", "question");
        }

        if (request.Outcome == Outcome.AwaitingInput && !task.CancelRequested)
        {
            return Await(task, lease, complete, now);
        }

        if (request.Outcome == Outcome.Succeeded && task.MessagesSeen < task.Messages)
        {
            return new Refused(Refusal.MessagesUnread, $"There are {task.Messages} messages, of which the agent has seen {task.MessagesSeen}.");
        }

        // What the worker did not foresee may go well on another, or the next time.
        if (request.Failure is { Code: FailureCodes.WorkerError } unforeseen && task.Attempt < task.MaxAttempts && !task.CancelRequested)
        {
            var ended = task with { Completion = new(complete.Fence, request.Outcome), Turns = Math.Max(task.Turns, request.Turns), Usage = request.Usage };
            return BackToQueue(ended, lease, until: now, unforeseen.Code, counts: true, complete.Delays, now, unforeseen.Message);
        }

        var (status, failure) = Judge(task, request);
        var done = Finish(task, status, now) with
        {
            Completion = new(complete.Fence, request.Outcome),
            SecondsUsed = task.SecondsUsed + Seconds(lease, now),
            Turns = Math.Max(task.Turns, request.Turns),
            Usage = request.Usage,
            Failure = failure,
            Summary = request.Summary,
            Delivery = request.Delivery,
            Checks = request.Checks,
            Tests = request.Tests,
        };
        return Change(done, now, (status, failure) switch
        {
            (TaskStatus.Succeeded, _) => (EventTypes.TaskSucceeded, Data(done.Delivery, done.Summary)),
            (_, { } why) => (EventTypes.TaskFailed, Data(why)),
            _ => (EventTypes.TaskCanceled, new JsonObject()),
        });
    }

    // What was delivered before the cancel came through is delivered. A failure after a cancel is the cancel's doing.
    private static (TaskStatus Status, TaskFailure? Failure) Judge(TaskState task, CompleteRequest request) => request.Outcome switch
    {
        Outcome.Succeeded => (TaskStatus.Succeeded, null),
        _ when task.CancelRequested => (TaskStatus.Canceled, null),
        Outcome.Failed => (TaskStatus.Failed, request.Failure),
        _ => (TaskStatus.Failed, new(FailureCodes.WorkerError, "The worker stopped the task as canceled, though nobody had asked for that.")),
    };

    private static Changed BackToQueue(TaskState task, LeaseState lease, DateTimeOffset until, string reason, bool counts, RetryDelays? delays, DateTimeOffset now, string? message = null)
    {
        var ended = task with { SecondsUsed = task.SecondsUsed + Seconds(lease, until) };
        if (task.CancelRequested)
        {
            return Change(Finish(ended, TaskStatus.Canceled, now), now, (EventTypes.TaskCanceled, []));
        }

        if (counts && task.Attempt >= task.MaxAttempts)
        {
            var failure = new TaskFailure(FailureCodes.AttemptsExhausted,
                $"The worker {lease.Worker} was lost in attempt {task.Attempt} of {task.MaxAttempts}; there is no further one.");
            return Change(Finish(ended, TaskStatus.Failed, now) with { Failure = failure }, now, (EventTypes.TaskFailed, Data(failure)));
        }

        var due = counts ? now + delays?.After(task.Id, task.Fence, task.Attempt) : null;
        var data = new JsonObject { ["worker"] = lease.Worker, ["reason"] = reason };
        if (message is not null)
        {
            data["message"] = message;
        }

        if (due is { } notBefore)
        {
            data["notBefore"] = notBefore;
        }

        var (state, events) = Change(
            ended with
            {
                Status = TaskStatus.Queued,
                RequeuedAt = now,
                NotBefore = due > now ? due : null,
                Lease = null,
                Closing = false,
                Releases = task.Releases + (reason == "released" ? 1 : 0),
                Artifacts = AtCheckpoint(task),
            },
            now, (EventTypes.TaskRequeued, data));
        return new(counts ? state : state with { Attempt = task.Attempt - 1 }, events);
    }

    // The next attempt goes on from the checkpoint: what the last one stored for a checkpoint that it did not reach is dropped.
    private static IReadOnlyList<StoredArtifact> AtCheckpoint(TaskState task)
    {
        var results = task.Artifacts.Where(artifact => !artifact.IsInternal && artifact.Name != task.Checkpoint?.Patch?.Name);
        return task.Checkpoint?.Patch is { } patch ? [.. results, patch] : [.. results];
    }

    private static JsonObject Data(Delivery? delivery, string? summary)
    {
        var data = new JsonObject();
        if (delivery is not null)
        {
            data["delivery"] = JsonSerializer.SerializeToNode(delivery, TasksJson.Default.Delivery);
        }

        if (summary is not null)
        {
            data["summary"] = summary;
        }

        return data;
    }

    private static JsonObject Data(TaskFailure failure) => new() { ["code"] = failure.Code, ["message"] = failure.Message };

    private static double Seconds(LeaseState lease, DateTimeOffset until) => Math.Max(0, (until - lease.ClaimedAt).TotalSeconds);

    private static DateTimeOffset Later(DateTimeOffset one, DateTimeOffset other) => one > other ? one : other;
}
