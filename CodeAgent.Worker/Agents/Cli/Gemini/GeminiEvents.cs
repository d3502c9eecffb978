using System.Text.Json;
using CodeAgent.Worker.Agents.Builtin.Tools;

namespace CodeAgent.Worker.Agents.Cli.Gemini;

// {"type":"init","session_id":"…","model":"m"}
// {"type":"message","role":"assistant","content":"do","delta":true}
// {"type":"tool_use","tool_name":"run_shell_command","tool_id":"…","parameters":{"command":"…"}}
// {"type":"tool_result","tool_id":"…","status":"success","output":"hi"}
// {"type":"result","status":"error","error":{"type":"…","message":"[API Error: {…}]"},"stats":{"input_tokens":3928,"output_tokens":64,"cached":0,"models":{…}}}
// Attempt 1 failed with status 500. Retrying with backoff... _ApiError: {"error":{"code":500,"message":"…"}}          on the other stream

/// <summary>Reads what <c>gemini -o stream-json</c> prints.</summary>
internal sealed class GeminiEvents : ICliEvents
{
    private static readonly CliTools Tools = new(
        ("run_shell_command", new(CliTool.Run)),
        ("read_file", new(CliTool.Read, ("file_path", CliTool.Path), ("start_line", "from"), ("end_line", "to"))),
        ("write_file", new(CliTool.Write, ("file_path", CliTool.Path))),
        ("replace", new(CliTool.Edit, ("file_path", CliTool.Path), ("old_string", "old"), ("new_string", "new"))),
        ("list_directory", new(CliTool.List, ("dir_path", CliTool.Path))),
        ("glob", new(CliTool.List)),
        ("grep_search", new(CliTool.Search, ("dir_path", CliTool.Path))),
        ("search_file_content", new(CliTool.Search, ("dir_path", CliTool.Path))),
        ("write_todos", new(CliTool.Plan)));

    public IEnumerable<CliEvent> Read(CliLine line)
    {
        if (line.IsError)
        {
            return line.Text.Contains("Retrying with backoff", StringComparison.Ordinal) ? [new CliEvent.Retrying(CliVerdict.StatusIn(line.Text), line.Text)] : [];
        }

        return line.Json is not { } json ? [] : json.Text("type") switch
        {
            "init" => json.Text("session_id") is { } id ? [new CliEvent.Session(id)] : [],
            "message" when json.Text("role") == "assistant" => [new CliEvent.Message(json.Text("content") ?? "", IsPiece: json.Is("delta"))],
            "tool_use" => Call(json),
            "tool_result" => [new CliEvent.Answered(json.Text("tool_id") ?? "", json.Text("output") ?? json.Text("error", "message") ?? "", json.Text("status") == "error")],
            "error" when json.Text("severity") == "error" => [new CliEvent.Failed(CliVerdict.StatusIn(json.Text("message") ?? ""), json.Text("message") ?? "")],
            "result" => Result(json),
            _ => [],
        };
    }

    private static IEnumerable<CliEvent> Call(JsonElement json)
    {
        var call = Tools.Call(json.Text("tool_id") ?? "", json.Text("tool_name") ?? "", json.At("parameters"));
        yield return call;
        if (call.Name == CliTool.Plan)
        {
            yield return new CliEvent.Planned([.. call.Arguments.Items("todos").Select(todo => new PlanItem(todo.Text("description") ?? "", todo.Text("status") == "completed"))]);
        }
    }

    private static IEnumerable<CliEvent> Result(JsonElement json)
    {
        var models = json.At("stats", "models") is { ValueKind: JsonValueKind.Object } all ? all.EnumerateObject().Select(model => model.Name).ToList() : [];
        var (input, total) = (json.Count("stats", "input_tokens"), json.Count("stats", "total_tokens"));
        yield return new CliEvent.Used(models.Count == 1 ? models[0] : null, new()
        {
            InputTokens = input,
            CachedInputTokens = json.Count("stats", "cached"),

            // What was thought is in the total alone.
            OutputTokens = Math.Max(json.Count("stats", "output_tokens"), total - input),
        }, UsageOf.Start);
        var error = json.Text("status") != "success";
        if (error && json.Text("error", "message") is { } message)
        {
            yield return new CliEvent.Failed(CliVerdict.StatusIn(message), message);
        }

        yield return new CliEvent.Ended(error, json.Text("error", "type"));
    }
}
