using System.Text.Json;
using System.Text.Json.Nodes;
using CodeAgent.Contracts;
using static CodeAgent.Api.Tasks.Decision;

namespace CodeAgent.Api.Tasks;

// What people say, and what a task waits for that they say. A message that is accepted is read: by the agent at its next turn,
// or as the answer that it waits for. What would be read by nobody is refused.
internal static partial class Lifecycle
{
    private static Decision Message(TaskState task, TaskCommand.Message message, DateTimeOffset now)
    {
        var open = task.Status == TaskStatus.AwaitingInput ? task.Question : null;
        if (Unread(task) is { } why)
        {
            return why;
        }

        if (message.Question is { } id && id != open?.Id)
        {
            return new Refused(Refusal.NotAsked, $"The task does not wait for the answer to that question: it is {Name(task.Status)}.", "question");
        }

        if (message.Decision is not null && open?.Approval is null)
        {
            return new Refused(Refusal.NotAsked, $"There is nothing to approve or deny: the task is {Name(task.Status)}.", "decision");
        }

        if (message.Decision is null && open?.Approval is { } approval)
        {
            return new Refused(Refusal.Invalid, $"The task waits to be told whether {approval.Tool} is approved: decision is approve or deny.", "decision");
        }

        return Heard(task, message, open, now);
    }

    private static Changed Heard(TaskState task, TaskCommand.Message message, Question? open, DateTimeOffset now)
    {
        var heard = task with { Messages = task.Messages + 1 };
        var said = new FollowUp(heard.Messages, message.Text, open is null ? null : new(open.Id, open.Text, message.Decision));
        var entry = (EventTypes.TaskMessage, Data(said));
        var changed = task.Status == TaskStatus.AwaitingInput
            ? Change(heard with { Status = TaskStatus.Queued, RequeuedAt = now, Question = null }, now, entry, (EventTypes.TaskRequeued, new() { ["reason"] = "message" }))
            : Change(heard, now, entry);
        return changed with { Said = said };
    }

    private static Refused? Unread(TaskState task) =>
        task.IsFinal ? new(Refusal.Final, $"The task is {Name(task.Status)}; nobody reads messages any more.")
        : task.Closing ? new(Refusal.NobodyReads, "The agent has finished, and its work is being delivered: it reads no more messages. Submit what is left to do as a task of its own.")
        : task.Agent == AgentNames.Command ? new(Refusal.NobodyReads, "The task has only scripts and checks; nobody in it reads messages.")
        : null;

    // The lease ends, but the attempt and its time go on when the answer comes.
    private static Decision Await(TaskState task, LeaseState lease, TaskCommand.Complete complete, DateTimeOffset now)
    {
        if (task.Checkpoint is null)
        {
            return new Refused(Refusal.Invalid, "A task goes on from its checkpoint when the answer comes; store it first.", "question");
        }

        var asked = complete.Request.Question! with { AskedAt = now, ExpiresAt = now + TimeSpan.FromMinutes(task.WaitMinutes) };
        var waiting = task with
        {
            Status = TaskStatus.AwaitingInput,
            Lease = null,
            Closing = false,
            Question = asked,
            Completion = new(complete.Fence, Outcome.AwaitingInput),
            SecondsUsed = task.SecondsUsed + Seconds(lease, now),
            Turns = Math.Max(task.Turns, complete.Request.Turns),
            Usage = complete.Request.Usage,
            Artifacts = AtCheckpoint(task),
        };

        // Somebody wrote before they could see the question. The agent reads that first, and asks again if it still must.
        var (state, events) = asked.Approval is null && task.Messages > task.MessagesSeen
            ? Change(waiting with { Status = TaskStatus.Queued, RequeuedAt = now, Question = null }, now,
                (EventTypes.TaskAwaitingInput, Data(asked)), (EventTypes.TaskRequeued, new() { ["reason"] = "message" }))
            : Change(waiting, now, (EventTypes.TaskAwaitingInput, Data(asked)));
        return new Changed(state with { Attempt = task.Attempt - 1 }, events);
    }

    private static Decision Expire(TaskState task, DateTimeOffset now)
    {
        if (task is not { Status: TaskStatus.AwaitingInput, Question.ExpiresAt: { } end } || end > now)
        {
            return new Refused(Refusal.NotDue, $"The task is {Name(task.Status)}, and the time for an answer is not over.");
        }

        var failure = new TaskFailure(FailureCodes.NoAnswer,
            $"Nobody answered within {task.WaitMinutes} minutes (limits.waitMinutes). The task had asked: {task.Question.Text}");
        return Change(Finish(task, TaskStatus.Failed, now) with { Failure = failure }, now, (EventTypes.TaskFailed, Data(failure)));
    }

    private static Decision Close(TaskState task, TaskCommand.Close close, DateTimeOffset now) =>
        close.MessagesSeen < task.Messages
            ? new Refused(Refusal.MessagesUnread, $"There are {task.Messages} messages, of which the agent has seen {close.MessagesSeen}.", "messagesSeen")
        : task.Closing ? new Unchanged(task)
        : Change(task with { Closing = true, MessagesSeen = task.Messages }, now);

    private static JsonObject Data(FollowUp said)
    {
        var data = new JsonObject { ["number"] = said.Number, ["text"] = said.Text };
        if (said.Answer is { } answer)
        {
            data["question"] = answer.Question;
            if (answer.Decision is { } decision)
            {
                data["decision"] = JsonSerializer.SerializeToNode(decision, TasksJson.Default.ApprovalDecision);
            }
        }

        return data;
    }

    private static JsonObject Data(Question question)
    {
        var data = new JsonObject
        {
            ["question"] = question.Text,
            ["id"] = question.Id,
            ["choices"] = new JsonArray([.. question.Choices.Select(choice => JsonValue.Create(choice))]),
            ["expiresAt"] = question.ExpiresAt,
        };
        if (question.Approval is { } approval)
        {
            data["approval"] = JsonSerializer.SerializeToNode(approval, TasksJson.Default.Approval);
        }

        return data;
    }
}
