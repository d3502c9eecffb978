namespace CodeAgent.Contracts;

/// <summary>The system at a glance: <c>GET /v1/status</c>.</summary>
public sealed record SystemStatus
{
    /// <summary>When this was true.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>Whether tasks are given to workers: <c>running</c>, <c>draining</c> or <c>stopped</c>, as in <see cref="OperationsView.State"/>.</summary>
    public string State { get; set; } = OperationsView.StateRunning;

    /// <summary>How the system is operated; only for the house.</summary>
    public OperationsView? Operations { get; set; }

    /// <summary>Tasks by state, under the states' names.</summary>
    public required IReadOnlyDictionary<string, long> Tasks { get; init; }

    /// <summary>Tasks in the queue by the agent that they wait for; agents that none waits for are left out.</summary>
    public IReadOnlyDictionary<string, long> Queue { get; set; } = new Dictionary<string, long>();

    /// <summary>When the task that waits longest was accepted.</summary>
    public DateTimeOffset? OldestQueuedAt { get; set; }

    /// <summary>Which one that is.</summary>
    public Guid? OldestQueuedId { get; set; }

    /// <summary>What happened in each of the last five minutes: the one that runs first, which is not over, then the one before it.</summary>
    public IReadOnlyList<MinuteRates> Rates { get; set; } = [];

    /// <summary>Workers heard of within the last half minute.</summary>
    public required IReadOnlyList<WorkerView> Workers { get; init; }

    /// <summary>Tasks in the queue for agents that none of these workers offers, by agent. They wait, and fail with <c>agent_unavailable</c> after some time if there are workers and none of them comes to offer it.</summary>
    public IReadOnlyDictionary<string, long> Unoffered { get; set; } = new Dictionary<string, long>();
}

/// <summary>A worker as the Api knows it.</summary>
public sealed record WorkerView
{
    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>The agents it can run.</summary>
    public required IReadOnlyList<string> Agents { get; init; }

    /// <summary>Tasks it can run at once.</summary>
    public required int Capacity { get; init; }

    /// <summary>Tasks it runs now, by its own word.</summary>
    public required int Running { get; init; }

    /// <summary>When it was last heard of.</summary>
    public required DateTimeOffset LastSeenAt { get; init; }
}

/// <summary>What happened in a minute of the clock, counted over all instances of the Api.</summary>
public sealed record MinuteRates
{
    /// <summary>When the minute began.</summary>
    public required DateTimeOffset Minute { get; init; }

    /// <summary>Tasks accepted.</summary>
    public long Submitted { get; set; }

    /// <summary>Tasks that a worker took, each time that one did.</summary>
    public long Started { get; set; }

    /// <summary>Tasks that ended, failed and canceled ones included.</summary>
    public long Finished { get; set; }

    /// <summary>Tasks that failed.</summary>
    public long Failed { get; set; }
}
