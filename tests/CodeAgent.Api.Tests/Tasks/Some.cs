using System.Text.Json;
using CodeAgent.Api.Artifacts;
using CodeAgent.Api.Tasks;
using CodeAgent.Contracts;

namespace CodeAgent.Api.Tests.Tasks;

/// <summary>Tasks in all their situations, brought there by the rules themselves.</summary>
internal static class Some
{
    public static readonly DateTimeOffset Start = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);
    public static readonly TimeSpan Ttl = TimeSpan.FromSeconds(10);
    public static readonly Guid Id = Guid.CreateVersion7(Start);

    public static TaskCommand.Submit Submit => new(Id, new() { Prompt = "x", Agent = new() { Name = AgentNames.Builtin } }, "c", "p", MaxAttempts: 3);

    public static TaskState Queued => Lifecycle.Decide(null, Submit, Start).Require();

    public static TaskState Running => Queued.Claimed();

    public static TaskState Canceling => Running.After(new TaskCommand.Cancel());

    public static TaskState AwaitingInput => Running.After(Checkpoint(1)).After(Ask());

    public static TaskState AwaitingApproval => Running.After(Checkpoint(1)).After(Ask(approval: new("run", "git push", "run:git push*")));

    public static TaskState Closing => Running.After(new TaskCommand.Close(1, 0));

    public static TaskState Canceled => Queued.After(new TaskCommand.Cancel());

    public static TaskState Succeeded => Running.After(Complete(Outcome.Succeeded));

    public static TaskState Failed => Running.After(Complete(Outcome.Failed));

    public static TaskCommand.Complete Complete(Outcome outcome, long fence = 1) => new(fence, new()
    {
        Outcome = outcome,
        Failure = outcome == Outcome.Failed ? new(FailureCodes.CheckFailed, "exit 1") : null,
    });

    public static TaskCommand.Complete Ask(string id = "1-1-1", Approval? approval = null, long fence = 1) => new(fence, new()
    {
        Outcome = Outcome.AwaitingInput,
        Question = new() { Id = id, Text = "Which one?", Approval = approval },
    });

    public static TaskCommand.AppendEvents Events(long first, int count, long fence = 1) => new(fence, new()
    {
        First = first,
        Events = [.. Enumerable.Range(0, count).Select(i => new WorkerEvent(Start, EventTypes.Output, JsonSerializer.SerializeToElement(first + i)))],
    });

    public static TaskCommand.StoreCheckpoint Checkpoint(int turn, string? patch = null, long fence = 1, int messagesSeen = 0) => new(fence, new()
    {
        MessagesSeen = messagesSeen,
        Turn = turn,
        State = JsonSerializer.SerializeToElement(turn),
        BaseCommit = new('a', 40),
        Patch = patch,
        Usage = new() { InputTokens = turn * 100 },
    });

    public static TaskCommand.StoreArtifact Artifact(string name, string key, long fence = 1) =>
        new(fence, new StoredArtifact(name, "text/plain", 1, "00", Start, key));

    public static TaskState Claimed(this TaskState task, DateTimeOffset? at = null) => task.After(new TaskCommand.Claim("w", Ttl), at);

    /// <summary>The task after a command that must be carried out.</summary>
    public static TaskState After(this TaskState task, TaskCommand command, DateTimeOffset? at = null) =>
        Assert.IsType<Decision.Changed>(Lifecycle.Decide(task, command, at ?? Start)).State;
}
