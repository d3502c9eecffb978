using System.Text.Json;
using CodeAgent.Worker.Agents.Builtin.Tools;

namespace CodeAgent.Worker.Agents.Cli.Cursor;

// {"type":"system","subtype":"init","apiKeySource":"env","cwd":"/repo","session_id":"…","model":"…","permissionMode":"default"}
// {"type":"assistant","message":{"role":"assistant","content":[{"type":"text","text":"I read it"}]},"session_id":"…"}
// {"type":"tool_call","subtype":"started","call_id":"c1","tool_call":{"readToolCall":{"args":{"path":"a.txt"}}}}
// {"type":"tool_call","subtype":"completed","call_id":"c1","tool_call":{"readToolCall":{"args":{…},"result":{"success":{"content":"…"}}}}}
// {"type":"result","subtype":"success","is_error":false,"duration_ms":5234,"result":"…","session_id":"…","request_id":"…"}

/// <summary>Reads what <c>cursor-agent -p --output-format stream-json</c> prints.</summary>
internal sealed class CursorEvents : ICliEvents
{
    private static readonly CliTools Tools = new(
        ("shellToolCall", new(CliTool.Run)),
        ("readToolCall", new(CliTool.Read)),
        ("writeToolCall", new(CliTool.Write, ("fileText", "content"))),
        ("editToolCall", new(CliTool.Edit)),
        ("lsToolCall", new(CliTool.List)),
        ("globToolCall", new(CliTool.List)),
        ("grepToolCall", new(CliTool.Search)),
        ("updateTodosToolCall", new(CliTool.Plan)));

    public IEnumerable<CliEvent> Read(CliLine line) => line.Json is not { } json ? [] : (json.Text("type"), json.Text("subtype")) switch
    {
        ("system", "init") => json.Text("session_id") is { } id ? [new CliEvent.Session(id)] : [],
        ("assistant", _) => [new CliEvent.Message(string.Concat(json.Items("message", "content").Select(part => part.Text("text"))))],
        ("tool_call", var step) => json.At("tool_call") is { ValueKind: JsonValueKind.Object } call ? Tool(json.Text("call_id") ?? "", step, call) : [],
        ("result", var subtype) => [new CliEvent.Ended(json.Is("is_error"), subtype, json.Text("result"))],
        _ => [],
    };

    private static IEnumerable<CliEvent> Tool(string id, string? step, JsonElement call)
    {
        var (kind, what) = call.EnumerateObject().Select(property => (property.Name, property.Value)).FirstOrDefault();
        if (kind is null)
        {
            return [];
        }

        // {"function":{"name":"…","arguments":"{…}"}}: tools that it has no form of its own for.
        var name = kind == "function" ? what.Text("name") ?? kind : kind;
        var arguments = what.At("args") ?? new CliLine(what.Text("arguments") ?? "").Json;
        var called = Tools.Call(id, name, arguments);
        if (step == "started")
        {
            return called.Name == CliTool.Plan ? [called, Plan(called.Arguments)] : [called];
        }

        return step == "completed" ? [Answer(id, what)] : [];
    }

    private static CliEvent.Planned Plan(JsonElement arguments) =>
        new([.. arguments.Items("todos").Select(todo => new PlanItem(todo.Text("content") ?? "", todo.Text("status") is "completed" or "TODO_STATUS_COMPLETED"))]);

    private static CliEvent.Answered Answer(string id, JsonElement what)
    {
        var success = what.At("result", "success");
        var failure = what.At("result", "error") ?? what.At("result", "failure") ?? what.At("result", "rejected");
        if (success is not { } answer)
        {
            return new(id, failure?.Text("message") ?? failure?.Text("errorMessage") ?? failure?.GetRawText() ?? "", Error: failure is not null);
        }

        var output = answer.Text("content") ?? answer.Text("output") ?? $"{answer.Text("stdout")}{answer.Text("stderr")}";
        return answer.Number("exitCode") is { } code
            ? new(id, $"Exit code {code}.\n{output}", code != 0)
            : new(id, output, Error: false);
    }
}
