using System.Text.Json;
using System.Text.Json.Serialization;
using CodeAgent.Contracts;
using CodeAgent.Worker.Agents;

namespace CodeAgent.Worker.Leases;

/// <summary>What the worker keeps in <see cref="Checkpoint.State"/>: the agent's own state, and whether the agent was done already, so that an attempt that is lost during the checks does not run it again.</summary>
internal sealed record CheckpointState
{
    /// <summary>The agent's own state.</summary>
    public JsonElement? Agent { get; set; }

    /// <summary>When the agent was done; none while it is not.</summary>
    public DateTimeOffset? FinishedAt { get; set; }

    /// <summary>What it said then.</summary>
    public string? Summary { get; set; }

    /// <summary>Its verdict, where it gave one.</summary>
    public AgentVerdict? Verdict { get; set; }

    /// <summary>The reasons that it gave with it.</summary>
    public IReadOnlyList<string> Reasons { get; set; } = [];

    /// <summary>How far the pipeline is; none where there is none.</summary>
    public PipelineProgress? Progress { get; set; }

    /// <summary>Reads the state of a checkpoint; an empty one where there is none.</summary>
    public static CheckpointState Of(Checkpoint? checkpoint) =>
        checkpoint?.State.Deserialize(CheckpointJson.Default.CheckpointState) ?? new();

    /// <summary>As it is stored.</summary>
    public JsonElement ToJson() => JsonSerializer.SerializeToElement(this, CheckpointJson.Default.CheckpointState);
}

/// <summary>The JSON of <see cref="CheckpointState"/>.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(CheckpointState))]
internal sealed partial class CheckpointJson : JsonSerializerContext;
