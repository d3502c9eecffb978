using System.Text.Json;
using CodeAgent.Worker.Agents.Builtin.Tools;

namespace CodeAgent.Worker.Agents.Cli.OpenCode;

// {"type":"step_start","sessionID":"ses_…","part":{…}}
// {"type":"tool_use","part":{"tool":"bash","callID":"call_1","state":{"status":"completed","input":{…},"output":"hi\n","metadata":{"exit":0}}}}
// {"type":"text","part":{"text":"done"}}
// {"type":"step_finish","part":{"reason":"stop","tokens":{"total":120,"input":100,"output":20,"reasoning":0,"cache":{"write":0,"read":0}}}}
// {"type":"error","error":{"name":"APIError","data":{"message":"…","statusCode":400,"isRetryable":false}}}
// timestamp=… level=ERROR … message="stream error" … error.error="AI_APICallError: …"          on the other stream

/// <summary>Reads what <c>opencode run --format json --print-logs</c> prints.</summary>
internal sealed class OpenCodeEvents : ICliEvents
{
    private const string Retry = "message=\"stream error\"";
    private const string Reason = "error.error=";

    private static readonly CliTools Tools = new(
        ("bash", new(CliTool.Run)),
        ("read", new(CliTool.Read, ("filePath", CliTool.Path), ("offset", "from"))),
        ("write", new(CliTool.Write, ("filePath", CliTool.Path))),
        ("edit", new(CliTool.Edit, ("filePath", CliTool.Path), ("oldString", "old"), ("newString", "new"), ("replaceAll", "all"))),
        ("patch", new(CliTool.Patch, ("patchText", "patch"))),
        ("apply_patch", new(CliTool.Patch, ("patchText", "patch"))),
        ("grep", new(CliTool.Search, ("include", "glob"))),
        ("glob", new(CliTool.List)),
        ("list", new(CliTool.List)),
        ("todowrite", new(CliTool.Plan)));

    private string? _session;

    public IEnumerable<CliEvent> Read(CliLine line)
    {
        if (line.IsError)
        {
            return line.Text.Contains(Retry, StringComparison.Ordinal) ? [new CliEvent.Retrying(null, ReasonIn(line.Text))] : [];
        }

        if (line.Json is not { } json)
        {
            return [];
        }

        var events = Read(json);
        if (_session is null && json.Text("sessionID") is { } session)
        {
            _session = session;
            return [new CliEvent.Session(session), .. events];
        }

        return events;
    }

    private static IEnumerable<CliEvent> Read(JsonElement json) => json.Text("type") switch
    {
        "step_start" => [new CliEvent.Turn()],
        "text" => [new CliEvent.Message(json.Text("part", "text") ?? "")],
        "reasoning" => [new CliEvent.Reasoning(json.Text("part", "text") ?? "")],
        "tool_use" => json.At("part") is { } part ? Tool(part) : [],
        "step_finish" => json.At("part") is { } part ? Finish(part) : [],
        "error" => [new CliEvent.Failed(json.Number("error", "data", "statusCode"), json.Text("error", "data", "message") ?? json.Text("error", "name") ?? "an error"),
            new CliEvent.Ended(Error: true, "error")],
        _ => [],
    };

    // It is told when it is over, call and answer at once.
    private static IEnumerable<CliEvent> Tool(JsonElement part)
    {
        var call = Tools.Call(part.Text("callID") ?? "", part.Text("tool") ?? "", part.At("state", "input"));
        var failed = part.Text("state", "status") == "error" || part.Number("state", "metadata", "exit") is not (null or 0);
        yield return call;
        if (call.Name == CliTool.Plan && !failed)
        {
            yield return new CliEvent.Planned([.. call.Arguments.Items("todos").Select(todo => new PlanItem(todo.Text("content") ?? "", todo.Text("status") == "completed"))]);
        }

        var output = part.Text("state", "output") ?? part.Text("state", "error") ?? "";
        yield return new CliEvent.Answered(call.Id, part.Number("state", "metadata", "exit") is { } code ? $"Exit code {code}.\n{output}" : output, failed);
    }

    private static IEnumerable<CliEvent> Finish(JsonElement part)
    {
        var input = part.Count("tokens", "input") + part.Count("tokens", "cache", "read") + part.Count("tokens", "cache", "write");
        yield return new CliEvent.Used(null, new()
        {
            InputTokens = input,
            CachedInputTokens = part.Count("tokens", "cache", "read"),
            OutputTokens = part.Count("tokens", "output") + part.Count("tokens", "reasoning"),
        }, UsageOf.Turn);

        // It goes on after a reason that it does not know; and after its summary of a long session, which stops like any answer.
        if (part.Text("reason") is { } reason and not ("tool-calls" or "unknown"))
        {
            yield return new CliEvent.Ended(Error: reason != "stop", reason, IsSure: false);
        }
    }

    private static string ReasonIn(string line)
    {
        var at = line.IndexOf(Reason, StringComparison.Ordinal);
        return at < 0 ? line : line[(at + Reason.Length)..].Trim('"');
    }
}
