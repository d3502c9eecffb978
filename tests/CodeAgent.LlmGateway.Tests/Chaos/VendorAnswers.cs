namespace CodeAgent.LlmGateway.Tests.Chaos;

/// <summary>A short answer in each protocol, in two halves: the second holds what was used and the end.</summary>
internal static class VendorAnswers
{
    /// <summary>What every answer uses: 11 read and 5 written.</summary>
    public const long Tokens = 16;

    public static (string Before, string After) Of(string path, bool isStream, string text) => (Name(path), isStream) switch
    {
        ("chat", false) => ($$"""{"id":"c","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"{{text}}"},"finish_reason":"stop"}]""",
            ""","usage":{"prompt_tokens":11,"completion_tokens":5,"total_tokens":16}}"""),
        ("chat", true) => (Data($$"""{"id":"c","model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":"{{text}}"},"finish_reason":null}]}"""),
            Data("""{"id":"c","model":"m","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}""")
            + Data("""{"id":"c","model":"m","choices":[],"usage":{"prompt_tokens":11,"completion_tokens":5,"total_tokens":16}}""") + Data("[DONE]")),
        ("messages", false) => ($$"""{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[{"type":"text","text":"{{text}}"}],"stop_reason":"end_turn","stop_sequence":null""",
            ""","usage":{"input_tokens":11,"output_tokens":5}}"""),
        ("messages", true) => (
            Event("message_start", """{"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":11,"output_tokens":1}}}""")
            + Event("content_block_start", """{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}""")
            + Event("content_block_delta", $$$"""{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"{{{text}}}"}}"""),
            Event("content_block_stop", """{"type":"content_block_stop","index":0}""")
            + Event("message_delta", """{"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":5}}""")
            + Event("message_stop", """{"type":"message_stop"}""")),
        ("responses", false) => (
            $$"""{"id":"resp_1","object":"response","status":"completed","model":"m","output":[{"id":"msg_1","type":"message","role":"assistant","status":"completed","content":[{"type":"output_text","text":"{{text}}","annotations":[]}]}]""",
            ""","usage":{"input_tokens":11,"output_tokens":5,"total_tokens":16}}"""),
        ("responses", true) => (
            Event("response.created", """{"type":"response.created","sequence_number":0,"response":{"id":"resp_1","object":"response","status":"in_progress","model":"m","output":[]}}""")
            + Event("response.output_item.added", """{"type":"response.output_item.added","sequence_number":1,"output_index":0,"item":{"id":"msg_1","type":"message","role":"assistant","status":"in_progress","content":[]}}""")
            + Event("response.output_text.delta", $$"""{"type":"response.output_text.delta","sequence_number":2,"item_id":"msg_1","output_index":0,"content_index":0,"delta":"{{text}}"}"""),
            Event("response.completed", """{"type":"response.completed","sequence_number":3,"response":{"id":"resp_1","object":"response","status":"completed","model":"m","output":[],"usage":{"input_tokens":11,"output_tokens":5,"total_tokens":16}}}""")),
        (_, false) => ($$"""{"candidates":[{"content":{"role":"model","parts":[{"text":"{{text}}"}]},"finishReason":"STOP","index":0}],"modelVersion":"m" """,
            ""","usageMetadata":{"promptTokenCount":11,"candidatesTokenCount":5,"totalTokenCount":16}}"""),
        (_, true) => (Data($$"""{"candidates":[{"content":{"role":"model","parts":[{"text":"{{text}}"}]},"index":0}],"modelVersion":"m"}"""),
            Data("""{"candidates":[{"content":{"role":"model","parts":[{"text":""}]},"finishReason":"STOP","index":0}],"usageMetadata":{"promptTokenCount":11,"candidatesTokenCount":5,"totalTokenCount":16},"modelVersion":"m"}""")),
    };

    /// <summary>An error within an answer of status 200.</summary>
    public static string Error(string path, bool isStream)
    {
        const string Json = """{"type":"error","error":{"type":"overloaded_error","message":"overloaded","code":"server_error"}}""";
        return !isStream ? Json : Name(path) is "messages" or "responses" ? Event("error", Json) : Data(Json);
    }

    /// <summary>The mark of the end, without which a stream is none.</summary>
    public static string End(string path) => Name(path) switch
    {
        "chat" => "data: [DONE]",
        "messages" => "message_stop",
        "responses" => "response.completed",
        _ => "\"finishReason\"",
    };

    private static string Name(string path) => path.Contains("/chat/", StringComparison.Ordinal) ? "chat"
        : path.Contains("/messages", StringComparison.Ordinal) ? "messages"
        : path.Contains("/responses", StringComparison.Ordinal) ? "responses" : "gemini";

    private static string Data(string json) => $"data: {json}\n\n";

    private static string Event(string name, string json) => $"event: {name}\ndata: {json}\n\n";
}
