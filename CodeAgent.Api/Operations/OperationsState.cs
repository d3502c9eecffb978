using CodeAgent.Contracts;
using StackExchange.Redis;

namespace CodeAgent.Api.Operations;

/// <summary>What operators want, and since when the system runs. The same for all instances.</summary>
internal sealed record OperationsState
{
    /// <summary>What there is before anybody wrote anything.</summary>
    public static OperationsState None { get; } = new();

    /// <summary>When the stop that is in force was asked for; none while there is none.</summary>
    public DateTimeOffset? StoppedAt { get; init; }

    /// <summary>Who asked for it.</summary>
    public string? StoppedBy { get; init; }

    /// <summary>When the last restart was asked for.</summary>
    public DateTimeOffset? RestartedAt { get; init; }

    /// <summary>Restarts since the start.</summary>
    public long Restarts { get; init; }

    /// <summary>When the first instance came.</summary>
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>When the last instance was there, before this start.</summary>
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>Whether it went in order.</summary>
    public bool EndedCleanly { get; init; } = true;

    /// <summary>Claims since the start.</summary>
    public long Claims { get; init; }

    /// <summary>What is wanted of a lease that was claimed at a time.</summary>
    /// <param name="claimedAt">When it was.</param>
    /// <param name="now">When it is.</param>
    /// <param name="grace">So long turns may go on after a stop.</param>
    public DrainOrder OrderFor(DateTimeOffset claimedAt, DateTimeOffset now, TimeSpan grace) =>
        StoppedAt is { } stopped ? now - stopped >= grace ? DrainOrder.Now : DrainOrder.AfterTurn
        : claimedAt < RestartedAt ? DrainOrder.AfterTurn
        : DrainOrder.None;

    public static OperationsState Of(HashEntry[] entries)
    {
        var fields = entries.ToDictionary(entry => entry.Name.ToString(), entry => entry.Value);
        return new()
        {
            StoppedAt = At("stopped"),
            StoppedBy = (string?)fields.GetValueOrDefault("stopped-by"),
            RestartedAt = At("restarted"),
            Restarts = (long)fields.GetValueOrDefault("restarts"),
            StartedAt = At("started"),
            EndedAt = At("ended"),
            EndedCleanly = fields.GetValueOrDefault("ended-cleanly") != 0,
            Claims = (long)fields.GetValueOrDefault(OperationsKeys.Claims.ToString()),
        };

        DateTimeOffset? At(string field) =>
            fields.GetValueOrDefault(field) is { IsNull: false } value ? DateTimeOffset.FromUnixTimeMilliseconds((long)value) : null;
    }
}
