using System.Text.Json;
using System.Text.Json.Serialization;

namespace CodeAgent.Contracts;

/// <summary>What the operator wants of the agents that run.</summary>
[JsonConverter(typeof(DrainOrderConverter))]
public enum DrainOrder
{
    /// <summary>Nothing: they go on.</summary>
    None,

    /// <summary>To be given back once the turn that runs is over and its checkpoint stored.</summary>
    AfterTurn,

    /// <summary>To be given back at once, from the last checkpoint.</summary>
    Now,
}

/// <summary>Writes orders in lower case.</summary>
public sealed class DrainOrderConverter() : JsonStringEnumConverter<DrainOrder>(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false);

/// <summary>How the system is operated: the answer of <c>POST /v1/operations/…</c>, and part of the status.</summary>
public sealed record OperationsView
{
    /// <summary>Tasks are given to workers.</summary>
    public const string StateRunning = "running";

    /// <summary>No task is given to a worker any more, and agents that run are being given back.</summary>
    public const string StateDraining = "draining";

    /// <summary>No task is given to a worker any more, and no agent runs.</summary>
    public const string StateStopped = "stopped";

    /// <summary><see cref="StateRunning"/>, <see cref="StateDraining"/> or <see cref="StateStopped"/>.</summary>
    public required string State { get; init; }

    /// <summary>When the stop was asked for; none while there is none.</summary>
    public DateTimeOffset? StoppedAt { get; set; }

    /// <summary>The id of the key that it was asked for with.</summary>
    public string? StoppedBy { get; set; }

    /// <summary>Tasks that a worker has now.</summary>
    public required long Running { get; init; }

    /// <summary>Tasks that wait for a worker.</summary>
    public required long Queued { get; init; }

    /// <summary>Whether a worker still has a task from before the last restart.</summary>
    public required bool RestartPending { get; init; }

    /// <summary>Restarts since the start.</summary>
    public required long Restarts { get; init; }

    /// <summary>When the system was started: the first of its Apis.</summary>
    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>When it ended before that: the last of its Apis. None where it is the first start.</summary>
    public DateTimeOffset? EndedAt { get; set; }

    /// <summary>Whether that end was an orderly one; also true where it is the first start.</summary>
    public required bool EndedCleanly { get; init; }

    /// <summary>Claims of tasks since the start.</summary>
    public required long Claims { get; init; }
}
