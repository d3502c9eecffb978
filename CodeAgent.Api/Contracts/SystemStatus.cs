namespace CodeAgent.Contracts;

/// <summary>The system at a glance: <c>GET /v1/status</c>.</summary>
public sealed record SystemStatus
{
    /// <summary>When this was true.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>Tasks by state, under the states' names.</summary>
    public required IReadOnlyDictionary<string, long> Tasks { get; init; }

    /// <summary>When the task that waits longest was accepted.</summary>
    public DateTimeOffset? OldestQueuedAt { get; set; }

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
