using System.Text.Json;
using System.Text.Json.Serialization;

namespace CodeAgent.Worker.Agents.Command;

/// <summary>How a script ended.</summary>
/// <param name="ExitCode">Its exit code.</param>
/// <param name="Tail">The end of what it printed, as it is told.</param>
internal sealed record CommandState(int ExitCode, string Tail);

/// <summary>The JSON of <see cref="CommandState"/>.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(CommandState))]
internal sealed partial class CommandJson : JsonSerializerContext;
