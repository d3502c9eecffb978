using CodeAgent.Api.Artifacts;
using CodeAgent.Api.Queue;
using CodeAgent.Contracts;

namespace CodeAgent.Api.Tasks;

/// <summary>What somebody wants to happen to a task. Decided by <see cref="Lifecycle"/>.</summary>
internal abstract record TaskCommand
{
    /// <summary>The tenant of who wants it: to them, tasks of others are not there. Null for the house itself and its workers.</summary>
    public string? By { get; init; }

    /// <summary>The id of the request that wants it, where that can come again: what it changed once it changes no second time.</summary>
    public Guid? Once { get; init; }

    /// <summary>A client submits it. Submitting the same id again changes nothing.</summary>
    public sealed record Submit(Guid Id, TaskRequest Request, string CorrelationId, string TraceParent, int MaxAttempts) : TaskCommand
    {
        /// <summary>Whose it is; null where it is the house's own.</summary>
        public string? Tenant { get; init; }

        /// <summary>The tasks of a tenant take turns by it; null where they don't.</summary>
        public string? Group { get; init; }

        /// <summary>The steps of its pipeline; none where it is direct.</summary>
        public IReadOnlyList<PipelineStep> Steps { get; init; } = [];
    }

    /// <summary>A person wants it to end.</summary>
    public sealed record Cancel : TaskCommand;

    /// <summary>A person wants it to begin again, from nothing.</summary>
    public sealed record Retry : TaskCommand;

    /// <summary>A person says something to the agent.</summary>
    /// <param name="Text">What.</param>
    /// <param name="Decision">What they decide about what is to be approved.</param>
    /// <param name="Question">The question that it answers, where they say which.</param>
    public sealed record Message(string Text, ApprovalDecision? Decision = null, string? Question = null) : TaskCommand;

    /// <summary>The time for an answer is found to be over.</summary>
    public sealed record Expire : TaskCommand;

    /// <summary>A worker takes it.</summary>
    public sealed record Claim(string Worker, TimeSpan Ttl) : TaskCommand;

    /// <summary>The lease is found to be over its time.</summary>
    /// <param name="Delays">How long the next attempt waits; not at all where it is null.</param>
    public sealed record Lapse(RetryDelays? Delays = null) : TaskCommand;

    /// <summary>The time before its next attempt is found to be over.</summary>
    public sealed record Due : TaskCommand;

    /// <summary>Nobody can do it, and that was so for long enough.</summary>
    public sealed record GiveUp(TaskFailure Failure) : TaskCommand;

    /// <summary>What only the holder of the lease with the number <see cref="Fence"/> may do.</summary>
    public abstract record UnderLease(long Fence) : TaskCommand;

    /// <summary>The worker is alive.</summary>
    public sealed record Heartbeat(long Fence, TimeSpan Ttl) : UnderLease(Fence);

    /// <summary>The worker reports events.</summary>
    public sealed record AppendEvents(long Fence, EventBatch Batch) : UnderLease(Fence);

    /// <summary>The worker stores where it got to.</summary>
    public sealed record StoreCheckpoint(long Fence, Checkpoint Checkpoint) : UnderLease(Fence);

    /// <summary>The worker says what it is about.</summary>
    public sealed record ReportWork(long Fence, WorkView Work) : UnderLease(Fence);

    /// <summary>The worker has stored an artifact.</summary>
    public sealed record StoreArtifact(long Fence, StoredArtifact Artifact) : UnderLease(Fence);

    /// <summary>The agent is done, having seen so many messages; what comes later would not be read.</summary>
    public sealed record Close(long Fence, int MessagesSeen) : UnderLease(Fence);

    /// <summary>The worker is done.</summary>
    /// <param name="Fence">Its lease.</param>
    /// <param name="Request">What it says.</param>
    /// <param name="Delays">How long the next attempt waits where there is one.</param>
    public sealed record Complete(long Fence, CompleteRequest Request, RetryDelays? Delays = null) : UnderLease(Fence);

    /// <summary>The worker gives the task back.</summary>
    public sealed record Release(long Fence, string Reason) : UnderLease(Fence);
}
