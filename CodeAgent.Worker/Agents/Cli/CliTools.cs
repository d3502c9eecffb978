using System.Text.Json;
using System.Text.Json.Nodes;

namespace CodeAgent.Worker.Agents.Cli;

/// <summary>
/// The tools of a CLI in the words of the built-in agent's, where they mean the same: a watcher need not know which agent runs.
/// Arguments that have no counterpart there stay as they are.
/// </summary>
/// <param name="tools">The tools by the CLI's names.</param>
internal sealed class CliTools(params (string Name, CliTool Tool)[] tools)
{
    private readonly Dictionary<string, CliTool> _tools = tools.ToDictionary(tool => tool.Name, tool => tool.Tool, StringComparer.Ordinal);

    /// <summary>The call in those words.</summary>
    public CliEvent.Called Call(string id, string name, JsonElement? arguments)
    {
        var given = arguments is { ValueKind: JsonValueKind.Object } all ? all : JsonElement.Parse("{}");
        return _tools.TryGetValue(name, out var tool) ? new(id, tool.Name, tool.Rename(given)) : new(id, name, given);
    }
}

/// <summary>A tool of the built-in agent that a CLI has under other names.</summary>
/// <param name="Name">The built-in agent's name.</param>
/// <param name="Arguments">The arguments: the CLI's name, the built-in agent's.</param>
internal sealed record CliTool(string Name, params (string From, string To)[] Arguments)
{
    public const string Run = "run";
    public const string Read = "read";
    public const string Write = "write";
    public const string Edit = "edit";
    public const string Patch = "patch";
    public const string List = "list";
    public const string Search = "search";
    public const string Plan = "plan";

    /// <summary>The argument of all that work on a file.</summary>
    public const string Path = "path";

    /// <summary>The arguments under the built-in agent's names.</summary>
    public JsonElement Rename(JsonElement given)
    {
        var renamed = new JsonObject();
        foreach (var argument in given.EnumerateObject())
        {
            var to = Arguments.FirstOrDefault(pair => pair.From == argument.Name).To ?? argument.Name;
            renamed[to] = JsonNode.Parse(argument.Value.GetRawText());
        }

        return JsonElement.Parse(renamed.ToJsonString());
    }
}
