using System.Text.Json;

namespace CodeAgent.Worker.Agents.Builtin.Mcp;

/// <summary>A server and what it offered when the conversation began.</summary>
/// <param name="Name">The server's name in the configuration.</param>
/// <param name="Tools">Its tools, by name.</param>
/// <param name="Problem">Why it could not be started; none where it was.</param>
internal sealed record ServerTools(string Name, IReadOnlyList<ServerTool> Tools, string? Problem = null);

/// <summary>A tool of a server.</summary>
/// <param name="Name">The server's name for it.</param>
/// <param name="OfferedAs">The model's name for it.</param>
/// <param name="Description">What it does.</param>
/// <param name="Schema">JSON schema of its arguments.</param>
internal sealed record ServerTool(string Name, string OfferedAs, string Description, JsonElement Schema);
