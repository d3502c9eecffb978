using CodeAgent.Contracts;

namespace CodeAgent.Worker.Leases;

/// <summary>How far a task is in its pipeline. Part of each checkpoint: the next attempt goes on in the step where the last one stopped.</summary>
internal sealed record PipelineProgress
{
    /// <summary>Place of the step that runs.</summary>
    public int Step { get; set; }

    /// <summary>Turns finished when it began.</summary>
    public int Turns { get; set; }

    /// <summary>What was used when it began.</summary>
    public Usage Usage { get; set; } = new();

    /// <summary>Why the step before it failed, or a later one went back.</summary>
    public string? Feedback { get; set; }

    /// <summary>How each step stands.</summary>
    public IReadOnlyList<StepProgress> Steps { get; set; } = [];

    /// <summary>This, with one step standing otherwise.</summary>
    public PipelineProgress With(int place, Func<StepProgress, StepProgress> change) =>
        this with { Steps = [.. Steps.Select((step, i) => i == place ? change(step) : step)] };
}

/// <summary>How a step stands.</summary>
internal sealed record StepProgress
{
    public const string Pending = "pending";
    public const string Running = "running";
    public const string Succeeded = "succeeded";
    public const string Failed = "failed";
    public const string Skipped = "skipped";

    /// <summary>One of the above.</summary>
    public string Status { get; set; } = Pending;

    /// <summary>What its agent said it did, the last time.</summary>
    public string? Summary { get; set; }

    /// <summary>How often it went back to an earlier one.</summary>
    public int Backs { get; set; }
}
