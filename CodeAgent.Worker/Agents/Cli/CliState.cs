using System.Text.Json;
using System.Text.Json.Serialization;
using CodeAgent.Contracts;

namespace CodeAgent.Worker.Agents.Cli;

/// <summary>The part of a checkpoint that is a CLI's.</summary>
internal sealed record CliState
{
    /// <summary>The CLI's name for its session; none while it has told none.</summary>
    public string? Session { get; set; }

    /// <summary>Tokens of the session that were told of so far.</summary>
    public Usage SessionUsage { get; set; } = new();

    /// <summary>The workspace that the session knows.</summary>
    public string? Workspace { get; set; }

    /// <summary>The files of the session, packed by <see cref="SessionFiles"/>; none where they are too large, or cannot be taken elsewhere.</summary>
    public byte[]? Files { get; set; }

    /// <summary>The agent's last words, once it is done with what it was told; none while it is not.</summary>
    public string? Summary { get; set; }

    /// <summary>What it was told besides the task, the latest last; of much, the end.</summary>
    public string? Told { get; set; }

    /// <summary>As it is stored.</summary>
    public JsonElement ToJson() => JsonSerializer.SerializeToElement(this, CliJson.Default.CliState);

    /// <summary>Reads it.</summary>
    /// <exception cref="JsonException">It is something else.</exception>
    public static CliState Of(JsonElement state) => state.Deserialize(CliJson.Default.CliState) ?? new();
}

/// <summary>The JSON of the state.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(CliState))]
[JsonSerializable(typeof(Dictionary<string, byte[]>))]
internal sealed partial class CliJson : JsonSerializerContext;
