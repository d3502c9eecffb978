using System.Text.Json;
using CodeAgent.Worker.Agents.Builtin.Tools;
using CodeAgent.Worker.Agents.Cli.Claude;

namespace CodeAgent.Worker.Agents.Cli.Qwen;

// {"type":"system","subtype":"init","session_id":"…"}
// {"type":"assistant","message":{"id":"…","model":"m","content":[{"type":"tool_use","id":"call_1","name":"run_shell_command","input":{…}}],"usage":{"input_tokens":100,"output_tokens":20,"cache_read_input_tokens":0}}}
// {"type":"user","message":{"content":[{"type":"tool_result","tool_use_id":"call_1","is_error":false,"content":"hi"}]}}
// {"type":"result","subtype":"success","is_error":false,"result":"[API Error: 400 mock error 400]","usage":{…}}       the usage of all of the session's starts

/// <summary>Reads what <c>qwen -o stream-json</c> prints: Claude's forms, but each message comes whole, with what it used.</summary>
internal sealed class QwenEvents : ICliEvents
{
    private const string ApiError = "[API Error: ";

    private static readonly CliTools Tools = new(
        ("run_shell_command", new(CliTool.Run)),
        ("read_file", new(CliTool.Read, ("file_path", CliTool.Path), ("absolute_path", CliTool.Path))),
        ("write_file", new(CliTool.Write, ("file_path", CliTool.Path))),
        ("edit", new(CliTool.Edit, ("file_path", CliTool.Path), ("old_string", "old"), ("new_string", "new"), ("replace_all", "all"))),
        ("list_directory", new(CliTool.List)),
        ("glob", new(CliTool.List)),
        ("grep_search", new(CliTool.Search)),
        ("todo_write", new(CliTool.Plan)));

    public IEnumerable<CliEvent> Read(CliLine line) => line.Json is not { } json ? [] : (json.Text("type"), json.Text("subtype")) switch
    {
        ("system", "init") => json.Text("session_id") is { } id ? [new CliEvent.Session(id)] : [],
        ("assistant", _) => json.At("message") is { } message ? Assistant(message) : [],
        ("user", _) => json.Items("message", "content").Where(part => part.Text("type") == "tool_result")
            .Select(part => (CliEvent)new CliEvent.Answered(part.Text("tool_use_id") ?? "", ClaudeEvents.TextOf(part), part.Is("is_error"))),
        ("result", var subtype) => Result(json, subtype),
        _ => [],
    };

    private static IEnumerable<CliEvent> Assistant(JsonElement message)
    {
        foreach (var part in message.Items("content"))
        {
            switch (part.Text("type"))
            {
                case "text" when part.Text("text") is { } text && !text.StartsWith(ApiError, StringComparison.Ordinal):
                    yield return new CliEvent.Message(text);
                    break;
                case "thinking":
                    yield return new CliEvent.Reasoning(part.Text("thinking") ?? "");
                    break;
                case "tool_use":
                    var call = Tools.Call(part.Text("id") ?? "", part.Text("name") ?? "", part.At("input"));
                    yield return call;
                    if (call.Name == CliTool.Plan)
                    {
                        yield return new CliEvent.Planned([.. call.Arguments.Items("todos").Select(todo => new PlanItem(todo.Text("content") ?? "", todo.Text("status") == "completed"))]);
                    }

                    break;
            }
        }

        yield return new CliEvent.Used(message.Text("model"), new()
        {
            InputTokens = message.Count("usage", "input_tokens"),
            CachedInputTokens = message.Count("usage", "cache_read_input_tokens"),
            OutputTokens = message.Count("usage", "output_tokens"),
        }, UsageOf.Turn);
    }

    // Where the model could not be asked, all looks well: exit code 0, no error flag. Only the text tells.
    private static IEnumerable<CliEvent> Result(JsonElement json, string? subtype)
    {
        var text = json.Text("result") ?? json.Text("error", "message") ?? json.Text("error");
        var failed = text?.StartsWith(ApiError, StringComparison.Ordinal) == true;
        if (failed)
        {
            yield return new CliEvent.Failed(CliVerdict.StatusIn(text!), text!);
        }

        yield return new CliEvent.Ended(failed || json.Is("is_error"), subtype, text);
    }
}
