using System.Collections.Concurrent;
using System.Diagnostics;

namespace CodeAgent.Benchmarks.Faults;

/// <summary>What a worker may send under a lease.</summary>
internal enum WriteKind
{
    Events,
    Heartbeat,
    Checkpoint,
    Artifact,
    Complete,
    Release,
}

/// <summary>A task that was accepted.</summary>
/// <param name="Key">Of the client.</param>
/// <param name="Id">Of the task.</param>
/// <param name="SentAt">When the request that was answered was sent.</param>
/// <param name="AnsweredAt">When it was answered.</param>
internal sealed record Submission(string Key, Guid Id, long SentAt, long AnsweredAt);

/// <summary>A lease that a worker got.</summary>
internal sealed record Grant(Guid Task, long Fence, string Worker, string Token, long SentAt, long AnsweredAt);

/// <summary>Something that was sent under a lease.</summary>
/// <param name="Grant">The lease.</param>
/// <param name="Kind">What.</param>
/// <param name="SentAt">By the clock of the sweep.</param>
/// <param name="Status">What was answered; 0 for nothing.</param>
/// <param name="Detail">For a completion the outcome or the failure's code, for events the number of the first.</param>
/// <param name="Count">For events how many.</param>
internal sealed record Write(Grant Grant, WriteKind Kind, long SentAt, int Status, string Detail, int Count)
{
    public bool IsAccepted => Status is >= 200 and < 300;
}

/// <summary>What the clients, workers and watchers of a seed have seen.</summary>
internal sealed class Journal
{
    /// <summary>Tasks that were answered with 201.</summary>
    public ConcurrentQueue<Submission> Accepted { get; } = [];

    /// <summary>What was answered that must never be, as text.</summary>
    public ConcurrentQueue<string> Wrong { get; } = [];

    /// <summary>Tasks whose cancel was sent, and whether it was answered with 200.</summary>
    public ConcurrentDictionary<Guid, bool> Cancels { get; } = [];

    public ConcurrentQueue<Grant> Grants { get; } = [];

    public ConcurrentQueue<Write> Writes { get; } = [];

    /// <summary>What the watchers have seen, by task.</summary>
    public ConcurrentDictionary<Guid, SweepWatcher> Watchers { get; } = [];

    /// <summary>When Redis was last killed and its file removed; null where it was not.</summary>
    public long? LostAt { get; set; }

    /// <summary>When it was there again, empty.</summary>
    public long? BackAt { get; set; }

    public static long Now => Stopwatch.GetTimestamp();

    /// <summary>Whether something that was asked then can only be of the Redis that is there now.</summary>
    public bool IsOfNow(long sent) => BackAt is not { } back ? LostAt is null : sent > back;

    /// <summary>Whether something that was answered then can only be of the Redis that is lost.</summary>
    public bool IsLost(long answered) => LostAt is { } lost && answered < lost;
}
