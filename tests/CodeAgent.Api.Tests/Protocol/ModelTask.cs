using CodeAgent.Api.Tasks;

namespace CodeAgent.Api.Tests.Protocol;

/// <summary>What the lease protocol says of a task, and nothing else. <see cref="Model"/> has its rules.</summary>
internal sealed record ModelTask
{
    public Guid Id { get; init; }

    public TaskStatus? Status { get; init; }

    public long Fence { get; init; }

    public int Attempt { get; init; }

    public int Run { get; init; }

    public int Releases { get; init; }

    public bool CancelRequested { get; init; }

    public int Messages { get; init; }

    public int Seen { get; init; }

    public bool Closing { get; init; }

    public int Turn { get; init; }

    public bool HasCheckpoint { get; init; }

    /// <summary>Events of the lease.</summary>
    public long Received { get; init; }

    /// <summary>Events of the task.</summary>
    public long Log { get; init; }

    /// <summary>When the lease lapses, or the wait for an answer or for the next attempt ends.</summary>
    public DateTimeOffset? Until { get; init; }

    public Completion? Said { get; init; }

    public bool IsFinal => Status is TaskStatus.Succeeded or TaskStatus.Failed or TaskStatus.Canceled;

    /// <summary>The same, of a task that the Api has.</summary>
    public static ModelTask Of(TaskState? task) => task is null ? new() : new()
    {
        Id = task.Id,
        Status = task.Status,
        Fence = task.Fence,
        Attempt = task.Attempt,
        Run = task.Run,
        Releases = task.Releases,
        CancelRequested = task.CancelRequested,
        Messages = task.Messages,
        Seen = task.MessagesSeen,
        Closing = task.Closing,
        Turn = task.Turns,
        HasCheckpoint = task.Checkpoint is not null,
        Received = task.Lease?.EventsReceived ?? 0,
        Log = task.LastEvent,
        Until = task.Lease?.ExpiresAt ?? task.Question?.ExpiresAt ?? task.NotBefore,
        Said = task.Completion,
    };
}
