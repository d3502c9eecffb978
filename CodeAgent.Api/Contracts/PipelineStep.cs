using System.Text.Json;
using System.Text.Json.Serialization;

namespace CodeAgent.Contracts;

/// <summary>A step of a task's pipeline, as it was when the task was submitted: what the file said then, with the task's own wishes filled in.</summary>
public sealed record PipelineStep
{
    /// <summary>Its name, unique in the pipeline.</summary>
    public required string Name { get; init; }

    /// <summary>What its agent is told; see <see cref="PromptTemplate"/>. None where it has only checks.</summary>
    public string? Prompt { get; set; }

    /// <summary>Who does it.</summary>
    public AgentRequest Agent { get; set; } = new();

    /// <summary>Shell commands that must all exit with 0 before it is done.</summary>
    public IReadOnlyList<string> Checks { get; set; } = [];

    /// <summary>Where it stops, done or not.</summary>
    public StepLimits Limits { get; set; } = new();

    /// <summary>Whether its agent must say with the tool <c>finish</c> how it ended.</summary>
    public bool Verdict { get; set; }

    /// <summary>Whether what it does to the files stays though it ends with a verdict; without a verdict it stays anyway.</summary>
    public bool KeepsChanges { get; set; }

    /// <summary>Whether its summary is that of the task.</summary>
    public bool Summarizes { get; set; }

    /// <summary>When it is run.</summary>
    public StepWhen When { get; set; }

    /// <summary>What happens when it fails.</summary>
    public StepFailure OnFailure { get; set; }

    /// <summary>The step to go back to, where it goes back.</summary>
    public string? BackTo { get; set; }

    /// <summary>How often it goes back. 1 to 20.</summary>
    public int AtMost { get; set; } = 1;
}

/// <summary>Where a step stops, within the limits of its task.</summary>
public sealed record StepLimits
{
    /// <summary>Model turns. 1 to 1000; as many as the task has left where it is left out.</summary>
    public int? Turns { get; set; }

    /// <summary>Tokens, in and out together. 1 to 100,000,000.</summary>
    public long? Tokens { get; set; }

    /// <summary>US dollars. More than 0, at most 10,000.</summary>
    [JsonPropertyName("costUsd")]
    public decimal? CostUsd { get; set; }
}

/// <summary>When a step is run.</summary>
[JsonConverter(typeof(StepWhenConverter))]
public enum StepWhen
{
    /// <summary>Each time its turn comes.</summary>
    Always,

    /// <summary>Only if the step before it failed, or if a later one goes back to it.</summary>
    Failure,
}

/// <summary>What happens when a step fails.</summary>
[JsonConverter(typeof(StepFailureConverter))]
public enum StepFailure
{
    /// <summary>The task fails.</summary>
    Stop,

    /// <summary>The next step is run.</summary>
    Continue,

    /// <summary>An earlier step is run again, and those after it.</summary>
    Back,
}

/// <summary>Writes it in lower case.</summary>
public sealed class StepWhenConverter() : JsonStringEnumConverter<StepWhen>(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false);

/// <summary>Writes it in lower case.</summary>
public sealed class StepFailureConverter() : JsonStringEnumConverter<StepFailure>(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false);
