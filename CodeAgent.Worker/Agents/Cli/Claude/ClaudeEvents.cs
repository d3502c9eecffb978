using System.Text.Json;
using CodeAgent.Contracts;
using CodeAgent.Worker.Agents.Builtin.Tools;

namespace CodeAgent.Worker.Agents.Cli.Claude;

// {"type":"system","subtype":"init","session_id":"…"}
// {"type":"assistant","message":{"id":"msg_1","model":"m","content":[{"type":"tool_use","id":"toolu_1","name":"Bash","input":{…}}],"usage":{"input_tokens":100,…}}}
// {"type":"user","message":{"content":[{"type":"tool_result","tool_use_id":"toolu_1","content":"hi","is_error":false}]}}
// {"type":"system","subtype":"api_retry","attempt":1,"max_retries":10,"retry_delay_ms":511,"error_status":401,"error":"…"}
// {"type":"result","subtype":"success","is_error":true,"api_error_status":400,"result":"API Error: 400 …","modelUsage":{…}}

/// <summary>Reads what <c>claude -p --output-format stream-json</c> prints.</summary>
internal sealed class ClaudeEvents : ICliEvents
{
    private static readonly CliTools Tools = new(
        ("Bash", new(CliTool.Run)),
        ("Read", new(CliTool.Read, ("file_path", CliTool.Path), ("offset", "from"))),
        ("Write", new(CliTool.Write, ("file_path", CliTool.Path))),
        ("Edit", new(CliTool.Edit, ("file_path", CliTool.Path), ("old_string", "old"), ("new_string", "new"), ("replace_all", "all"))),
        ("Grep", new(CliTool.Search)),
        ("Glob", new(CliTool.List)),
        ("LS", new(CliTool.List)),
        ("TodoWrite", new(CliTool.Plan)));

    private string? _message;

    public IEnumerable<CliEvent> Read(CliLine line) => line.Json is not { } json ? [] : (json.Text("type"), json.Text("subtype")) switch
    {
        ("system", "init") => json.Text("session_id") is { } id ? [new CliEvent.Session(id)] : [],
        ("system", "api_retry") => [new CliEvent.Retrying(json.Number("error_status"), $"{json.Text("error")} ({json.Number("error_status")})")],
        ("assistant", _) => json.At("message") is { } message ? Assistant(json, message) : [],
        ("user", _) => json.Items("message", "content").Where(part => part.Text("type") == "tool_result").Select(Answer),
        ("result", _) => Result(json),
        _ => [],
    };

    /// <summary>The text of a tool's answer, which is text or a list of parts.</summary>
    internal static string TextOf(JsonElement part) => part.Text("content")
        ?? string.Join('\n', part.Items("content").Select(piece => piece.Text("text") ?? $"({piece.Text("type")})"));

    private IEnumerable<CliEvent> Assistant(JsonElement json, JsonElement message)
    {
        // What it says itself when a call failed, not a model.
        if (message.Text("model") == "<synthetic>")
        {
            return json.At("error") is null ? [] : [new CliEvent.Failed(null, string.Concat(message.Items("content").Select(part => part.Text("text"))))];
        }

        var events = message.Items("content").SelectMany(Part);
        var id = message.Text("id");
        if (id is null || id == _message)
        {
            return events;
        }

        _message = id;
        return [.. events, new CliEvent.Used(message.Text("model"), Usage(message.At("usage") ?? default), UsageOf.Turn)];
    }

    private static IEnumerable<CliEvent> Part(JsonElement part)
    {
        switch (part.Text("type"))
        {
            case "text":
                yield return new CliEvent.Message(part.Text("text") ?? "");
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

    private static CliEvent Answer(JsonElement part) => new CliEvent.Answered(part.Text("tool_use_id") ?? "", TextOf(part), part.Is("is_error"));

    private static IEnumerable<CliEvent> Result(JsonElement json)
    {
        var models = json.At("modelUsage") is { ValueKind: JsonValueKind.Object } all ? all.EnumerateObject().ToList() : [];
        var total = models.Select(model => new Usage
        {
            InputTokens = model.Value.Count("inputTokens") + model.Value.Count("cacheReadInputTokens") + model.Value.Count("cacheCreationInputTokens"),
            CachedInputTokens = model.Value.Count("cacheReadInputTokens"),
            OutputTokens = model.Value.Count("outputTokens"),
        }).Aggregate(models.Count == 0 ? Usage(json.At("usage") ?? default) : new Usage(), (sum, usage) => sum + usage);
        yield return new CliEvent.Used(models.Count == 1 ? models[0].Name : null, total, UsageOf.Start);

        // With a call that failed the subtype is still success; believe is_error.
        var error = json.Is("is_error");
        if (error && json.Number("api_error_status") is { } status)
        {
            yield return new CliEvent.Failed(status, json.Text("result") ?? "");
        }

        yield return new CliEvent.Ended(error, json.Text("subtype"), json.Text("result"));
    }

    private static Usage Usage(JsonElement usage) => new()
    {
        InputTokens = usage.Count("input_tokens") + usage.Count("cache_read_input_tokens") + usage.Count("cache_creation_input_tokens"),
        CachedInputTokens = usage.Count("cache_read_input_tokens"),
        OutputTokens = usage.Count("output_tokens"),
    };
}
