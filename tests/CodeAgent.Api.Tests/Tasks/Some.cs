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

    public static TaskCommand.Submit Submit => new(Id, new() { Prompt = "x", Agent = new() { Name = AgentNames.Command } }, "c", "p", MaxAttempts: 3);

    public static TaskState Queued => Lifecycle.Decide(null, Submit, Start).Require();

    public static TaskState Running => Queued.Claimed();

    public static TaskState Canceling => Running.After(new TaskCommand.Cancel());

    public static TaskState AwaitingInput => Queued with { Status = TaskStatus.AwaitingInput };

    public static TaskState Canceled => Queued.After(new TaskCommand.Cancel());

    public static TaskState Succeeded => Running.After(Complete(Outcome.Succeeded));

    public static TaskState Failed => Running.After(Complete(Outcome.Failed));

    public static TaskCommand.Complete Complete(Outcome outcome, long fence = 1) => new(fence, new()
    {
        Outcome = outcome,
        Failure = outcome == Outcome.Failed ? new(FailureCodes.CheckFailed, "exit 1") : null,
    });

    public static TaskCommand.AppendEvents Events(long first, int count, long fence = 1) => new(fence, new()
    {
        First = first,
        Events = [.. Enumerable.Range(0, count).Select(i => new WorkerEvent(Start, EventTypes.Output, JsonSerializer.SerializeToElement(first + i)))],
    });

    public static TaskCommand.StoreCheckpoint Checkpoint(int turn, string? patch = null, long fence = 1) => new(fence, new()
    {
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
