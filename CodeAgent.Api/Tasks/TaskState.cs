using CodeAgent.Api.Artifacts;
using CodeAgent.Contracts;

namespace CodeAgent.Api.Tasks;

/// <summary>
/// All that is known of a task but its request, its events, its messages and the content of its checkpoint, which are kept
/// beside it. Changed by <see cref="Lifecycle"/> alone.
/// </summary>
internal sealed record TaskState
{
    /// <summary>UUIDv7.</summary>
    public required Guid Id { get; init; }

    /// <summary>Whose it is; null where it is the house's own. Other tenants don't see it.</summary>
    public string? Tenant { get; init; }

    /// <summary>Where it is in its life.</summary>
    public required TaskStatus Status { get; init; }

    /// <summary>When it was accepted.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it was queued by a person: its place among tasks of one priority. A lapsed lease does not change it.</summary>
    public required DateTimeOffset QueuedAt { get; init; }

    /// <summary>When it was last queued again in this run: by a lease that ended, or by an answer.</summary>
    public DateTimeOffset? RequeuedAt { get; init; }

    /// <summary>When it last changed. Heartbeats are no change.</summary>
    public required DateTimeOffset UpdatedAt { get; init; }

    /// <summary>When a worker first took it.</summary>
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>When it reached its final state; none while it has none.</summary>
    public DateTimeOffset? FinishedAt { get; init; }

    /// <summary>Trace id of the request that submitted it.</summary>
    public required string CorrelationId { get; init; }

    /// <summary>W3C <c>traceparent</c> of that request.</summary>
    public required string TraceParent { get; init; }

    /// <summary>The agent that it needs: workers without it don't get it.</summary>
    public required string Agent { get; init; }

    /// <summary>Higher goes first.</summary>
    public required int Priority { get; init; }

    /// <summary>As in the request; the task can be found by them.</summary>
    public required IReadOnlyDictionary<string, string> Labels { get; init; }

    /// <summary>The tasks of a tenant take turns by it; null where they don't.</summary>
    public string? Group { get; init; }

    /// <summary>The repository that it works on, as <see cref="Queue.RepositoryName"/> has it; null without one.</summary>
    public string? Repository { get; init; }

    /// <summary>While it is queued: no worker gets it before. It is put into the queue when that time is over.</summary>
    public DateTimeOffset? NotBefore { get; init; }

    /// <summary>Where it is told when it waits for an answer, or has ended.</summary>
    public string? Callback { get; init; }

    /// <summary>After this many attempts it fails.</summary>
    public required int MaxAttempts { get; init; }

    /// <summary>From 1; a retry by a person begins the next.</summary>
    public required int Run { get; init; }

    /// <summary>Attempts begun in this run, but for those that were given back.</summary>
    public required int Attempt { get; init; }

    /// <summary>Leases of this run that were given back.</summary>
    public required int Releases { get; init; }

    /// <summary>Fencing number of the newest lease; 0 before the first. It only grows.</summary>
    public required long Fence { get; init; }

    /// <summary>Minutes that it waits for each answer.</summary>
    public int WaitMinutes { get; set; } = TaskLimits.DefaultWaitMinutes;

    /// <summary>What it waits for; there is one exactly while it does.</summary>
    public Question? Question { get; init; }

    /// <summary>The lease that holds now; there is one exactly while the task runs.</summary>
    public LeaseState? Lease { get; init; }

    /// <summary>Whether a cancel was asked for in this run.</summary>
    public bool CancelRequested { get; init; }

    /// <summary>How the last lease said that it ended; so that it can say it again.</summary>
    public Completion? Completion { get; init; }

    /// <summary>Where this run got to.</summary>
    public StoredCheckpoint? Checkpoint { get; init; }

    /// <summary>Turns finished in this run.</summary>
    public required int Turns { get; init; }

    /// <summary>What this run used.</summary>
    public required Usage Usage { get; init; }

    /// <summary>What the runs before it used.</summary>
    public required Usage EarlierUsage { get; init; }

    /// <summary>Seconds that the ended attempts of this run took.</summary>
    public required double SecondsUsed { get; init; }

    /// <summary>What the worker says about the work.</summary>
    public WorkView? Work { get; init; }

    /// <summary>Why it failed.</summary>
    public TaskFailure? Failure { get; init; }

    /// <summary>What the agent says it did.</summary>
    public string? Summary { get; init; }

    /// <summary>What was handed over.</summary>
    public Delivery? Delivery { get; init; }

    /// <summary>How the checks ended.</summary>
    public required IReadOnlyList<CheckResult> Checks { get; init; }

    /// <summary>What the test reports say.</summary>
    public TestSummary? Tests { get; init; }

    /// <summary>What the run left so far, what is between the workers only included.</summary>
    public required IReadOnlyList<StoredArtifact> Artifacts { get; init; }

    /// <summary>How many follow-up messages there are.</summary>
    public required int Messages { get; init; }

    /// <summary>How many of them this run's agent has seen, as far as it was stored.</summary>
    public int MessagesSeen { get; init; }

    /// <summary>Whether the agent is done and reads no more messages.</summary>
    public bool Closing { get; init; }

    /// <summary>Number of the newest event.</summary>
    public required long LastEvent { get; init; }

    /// <summary>Whether only a retry can change it.</summary>
    public bool IsFinal => Status is TaskStatus.Succeeded or TaskStatus.Failed or TaskStatus.Canceled;

    /// <summary>Whether somebody of a tenant may know of it; null is the house itself, which sees everything.</summary>
    public bool IsSeenBy(string? tenant) => tenant is null || Tenant == tenant;

    /// <summary>Keys of all stored files that it needs.</summary>
    public IEnumerable<string> ArtifactKeys()
    {
        var keys = Artifacts.Select(artifact => artifact.Key);
        return Checkpoint?.Patch is { } patch ? keys.Append(patch.Key) : keys;
    }
}

/// <summary>A worker's right to the task.</summary>
internal sealed record LeaseState
{
    /// <summary>Name of the worker that has it.</summary>
    public required string Worker { get; init; }

    /// <summary>When it was claimed.</summary>
    public required DateTimeOffset ClaimedAt { get; init; }

    /// <summary>When the worker was last heard of.</summary>
    public required DateTimeOffset RenewedAt { get; init; }

    /// <summary>When it lapses.</summary>
    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>Events that came in under it.</summary>
    public required long EventsReceived { get; init; }
}

/// <summary>How a lease ended by its worker's word.</summary>
internal sealed record Completion(long Fence, Outcome Outcome);

/// <summary>What the state knows of the checkpoint.</summary>
/// <param name="Turn">The turn that is finished.</param>
/// <param name="Patch">The workspace at that turn, none where nothing differs. Kept here as well, since another artifact may take its name before the next checkpoint.</param>
internal sealed record StoredCheckpoint(int Turn, StoredArtifact? Patch);
