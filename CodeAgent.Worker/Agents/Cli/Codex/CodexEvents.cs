using System.Text;
using System.Text.Json;
using CodeAgent.Contracts;
using CodeAgent.Worker.Agents.Builtin.Tools;

namespace CodeAgent.Worker.Agents.Cli.Codex;

// {"type":"thread.started","thread_id":"01a2…"}
// {"type":"item.started","item":{"id":"item_1","type":"command_execution","command":"/bin/bash -lc 'make'","exit_code":null,"status":"in_progress"}}
// {"type":"item.completed","item":{"id":"item_1","type":"command_execution","command":"…","aggregated_output":"hi\n","exit_code":0,"status":"completed"}}
// {"type":"item.completed","item":{"id":"item_2","type":"agent_message","text":"done"}}
// {"type":"turn.completed","usage":{"input_tokens":200,"cached_input_tokens":20,"output_tokens":40}}     of the whole thread
// {"type":"error","message":"Reconnecting... 1/3 (unexpected status 401 Unauthorized: …)"}
// {"type":"turn.failed","error":{"message":"…"}}

/// <summary>Reads what <c>codex exec --json</c> prints.</summary>
internal sealed class CodexEvents : ICliEvents
{
    private const string Shell = "/bin/bash -lc ";
    private readonly HashSet<string> _open = new(StringComparer.Ordinal);

    public IEnumerable<CliEvent> Read(CliLine line) => line.Json is not { } json ? [] : json.Text("type") switch
    {
        "thread.started" => json.Text("thread_id") is { } id ? [new CliEvent.Session(id)] : [],
        "item.started" or "item.updated" or "item.completed" => json.At("item") is { } item ? Item(item, json.Text("type") == "item.completed") : [],
        "turn.completed" => [new CliEvent.Used(null, Usage(json), UsageOf.Session), new CliEvent.Ended(Error: false)],
        "turn.failed" => [Failed(json.Text("error", "message") ?? "the turn failed"), new CliEvent.Ended(Error: true, "turn.failed")],
        "error" => json.Text("message") is { } message ? [Error(message)] : [],
        _ => [],
    };

    private IEnumerable<CliEvent> Item(JsonElement item, bool completed) => item.Text("type") switch
    {
        "agent_message" when completed => [new CliEvent.Message(item.Text("text") ?? "")],
        "reasoning" when completed => [new CliEvent.Reasoning(item.Text("text") ?? "")],
        "command_execution" => Tool(item, completed, CliTool.Run, new { command = Unwrapped(item.Text("command") ?? "") }),
        "file_change" => Tool(item, completed, CliTool.Patch, new { changes = item.At("changes") }),
        "mcp_tool_call" => Tool(item, completed, $"{item.Text("server")}.{item.Text("tool")}", item.At("arguments")),
        "web_search" => Tool(item, completed, "web_search", new { query = item.Text("query") }),
        "todo_list" or "plan" => [new CliEvent.Planned([.. item.Items("items").Select(step => new PlanItem(step.Text("text") ?? "", step.Is("completed")))])],

        // An item of the type error can be a harmless warning; what ends a turn comes as an event.
        _ => [],
    };

    private IEnumerable<CliEvent> Tool(JsonElement item, bool completed, string name, object? arguments)
    {
        var id = item.Text("id") ?? "";
        if (_open.Add(id))
        {
            var given = JsonSerializer.SerializeToElement(arguments, JsonSerializerOptions.Web);
            yield return new CliEvent.Called(id, name, given.ValueKind == JsonValueKind.Object ? given : JsonElement.Parse("{}"));
        }

        if (completed)
        {
            _open.Remove(id);
            var failed = item.Text("status") == "failed";
            foreach (var change in failed ? [] : item.Items("changes"))
            {
                yield return new CliEvent.Changed(change.Text("path") ?? "", change.Text("kind") switch { "add" => FileChange.Added, "delete" => FileChange.Deleted, _ => FileChange.Modified });
            }

            var output = item.Number("exit_code") is { } code ? $"Exit code {code}.\n{item.Text("aggregated_output")}"
                : item.Text("aggregated_output") ?? item.Text("result") ?? item.Text("error", "message") ?? item.Text("status") ?? "";
            yield return new CliEvent.Answered(id, output, failed);
        }
    }

    private static CliEvent Error(string message) => message.StartsWith("Reconnecting", StringComparison.Ordinal)
        ? new CliEvent.Retrying(CliVerdict.StatusIn(message), message)
        : Failed(message);

    // Its text is at times the gateway's whole answer.
    private static CliEvent.Failed Failed(string message) =>
        new(CliVerdict.StatusIn(message), new CliLine(message).Json is { } answer ? answer.Text("error", "message") ?? answer.Text("message") ?? message : message);

    private static Usage Usage(JsonElement json) => new()
    {
        InputTokens = json.Count("usage", "input_tokens"),
        CachedInputTokens = json.Count("usage", "cached_input_tokens"),
        OutputTokens = json.Count("usage", "output_tokens"),
    };

    // The script of /bin/bash -lc SCRIPT, where that is one word in whatever quotes; otherwise all of it.
    private static string Unwrapped(string command)
    {
        if (!command.StartsWith(Shell, StringComparison.Ordinal))
        {
            return command;
        }

        var script = new StringBuilder();
        var quote = '\0';
        for (var i = Shell.Length; i < command.Length; i++)
        {
            var c = command[i];
            if (quote == '\0' ? c is '\'' or '"' : c == quote)
            {
                quote = quote == '\0' ? c : '\0';
            }
            else if (c == '\\' && quote != '\'' && i + 1 < command.Length && (quote == '\0' || command[i + 1] is '"' or '\\' or '$' or '`'))
            {
                script.Append(command[++i]);
            }
            else if (quote == '\0' && char.IsWhiteSpace(c))
            {
                return command;
            }
            else
            {
                script.Append(c);
            }
        }

        return script.ToString();
    }
}
