using CodeAgent.Contracts;

namespace CodeAgent.Api.Tasks;

/// <summary>What <see cref="Lifecycle"/> says to a command.</summary>
internal abstract record Decision
{
    /// <summary>What a person said, to be kept for the agent.</summary>
    public FollowUp? Said { get; init; }

    /// <summary>It happens: the task becomes <paramref name="State"/>, and <paramref name="Events"/> go to the end of its log.</summary>
    public sealed record Changed(TaskState State, IReadOnlyList<TaskEvent> Events) : Decision;

    /// <summary>It has happened already.</summary>
    public sealed record Unchanged(TaskState State) : Decision;

    /// <summary>It must not happen.</summary>
    /// <param name="Reason">Why, for programs.</param>
    /// <param name="Detail">Why, for people.</param>
    /// <param name="Field">The field of the request that is wrong, where one is.</param>
    public sealed record Refused(Refusal Reason, string Detail, string? Field = null) : Decision;
}

/// <summary>Why a command is refused.</summary>
internal enum Refusal
{
    /// <summary>There is no such task.</summary>
    NotFound,

    /// <summary>The lease lapsed, was given back, or another worker has the task.</summary>
    LeaseLost,

    /// <summary>Nobody can claim it in its state, or its lease holds.</summary>
    NotDue,

    /// <summary>It is final.</summary>
    Final,

    /// <summary>It is not final, or succeeded.</summary>
    NotRetriable,

    /// <summary>Events are missing before the first of the batch.</summary>
    EventGap,

    /// <summary>A later checkpoint is stored.</summary>
    CheckpointBehind,

    /// <summary>The agent has finished, or reads no messages: nobody would read this one.</summary>
    NobodyReads,

    /// <summary>It does not wait for that answer.</summary>
    NotAsked,

    /// <summary>There are messages that the agent has not seen.</summary>
    MessagesUnread,

    /// <summary>What is sent contradicts itself or what is known.</summary>
    Invalid,
}
