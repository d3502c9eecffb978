using System.Text;
using Microsoft.AspNetCore.Http;

namespace CodeAgent.LlmGateway.Tests.Support;

/// <summary>Answers and failures in the four protocols, each with a text of the test's in it.</summary>
internal static class TellingUpstream
{
    public static bool IsStream(HttpContext http) => http.Request.Path.Value!.Contains("stream", StringComparison.Ordinal)
        || Encoding.UTF8.GetString((byte[])http.Items[MockUpstream.BodyItem]!).Contains("\"stream\":true", StringComparison.Ordinal);

    public static string Answer(HttpContext http, string text) => Protocol(http) switch
    {
        "chat" => ChatCalls.Answer.Replace("yes", text, StringComparison.Ordinal),
        "messages" => """{"id":"m","type":"message","role":"assistant","model":"x","content":[{"type":"text","text":"TEXT"}],"stop_reason":"end_turn","usage":{"input_tokens":3,"output_tokens":2}}""".Replace("TEXT", text, StringComparison.Ordinal),
        "responses" => Response(text),
        _ => Candidate(text, "\"finishReason\":\"STOP\","),
    };

    /// <summary>The beginning of a stream, with content.</summary>
    public static string Begin(HttpContext http, string text) => Protocol(http) switch
    {
        "chat" => ChatCalls.Chunk(text),
        "messages" => Event("""{"type":"message_start","message":{"id":"m","type":"message","role":"assistant","model":"x","content":[],"stop_reason":null,"usage":{"input_tokens":3,"output_tokens":1}}}""", "message_start")
            + Event("""{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}""", "content_block_start")
            + Event("{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"" + text + "\"}}", "content_block_delta"),
        "responses" => Event("""{"type":"response.created","sequence_number":0,"response":{"id":"r","object":"response","status":"in_progress","model":"x","output":[]}}""", "response.created")
            + Event("""{"type":"response.output_item.added","sequence_number":1,"output_index":0,"item":{"type":"message","id":"m","role":"assistant","status":"in_progress","content":[]}}""", "response.output_item.added")
            + Event("{\"type\":\"response.output_text.delta\",\"sequence_number\":2,\"item_id\":\"m\",\"output_index\":0,\"content_index\":0,\"delta\":\"" + text + "\"}", "response.output_text.delta"),
        _ => Event(Candidate(text, "")),
    };

    public static string End(HttpContext http, string text) => Protocol(http) switch
    {
        "chat" => """data: {"id":"x","model":"m","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}""" + "\n\n" + ChatCalls.UsageChunk + ChatCalls.Done,
        "messages" => Event("""{"type":"content_block_stop","index":0}""", "content_block_stop")
            + Event("""{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":2}}""", "message_delta") + Event("""{"type":"message_stop"}""", "message_stop"),
        "responses" => Event("{\"type\":\"response.completed\",\"sequence_number\":3,\"response\":" + Response(text) + "}", "response.completed"),
        _ => Event(Candidate("", "\"finishReason\":\"STOP\",")),
    };

    /// <summary>An error, as a body or as what an event holds.</summary>
    public static string Error(HttpContext http, string text) => Protocol(http) switch
    {
        "messages" => "{\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"" + text + "\"}}",
        "responses" when IsStream(http) => "{\"type\":\"error\",\"code\":\"server_error\",\"message\":\"" + text + "\",\"error\":{\"message\":\"" + text + "\"}}",
        "gemini" => "{\"error\":{\"code\":503,\"message\":\"" + text + "\",\"status\":\"UNAVAILABLE\"}}",
        _ => "{\"error\":{\"message\":\"" + text + "\",\"type\":\"server_error\",\"code\":\"" + text + "\"}}",
    };

    public static string ErrorEvent(HttpContext http, string text) => Event(Error(http, text), "error");

    private static string Protocol(HttpContext http) => http.Request.Path.Value! switch
    {
        var path when path.EndsWith("/chat/completions", StringComparison.Ordinal) => "chat",
        var path when path.EndsWith("/messages", StringComparison.Ordinal) => "messages",
        var path when path.EndsWith("/responses", StringComparison.Ordinal) => "responses",
        _ => "gemini",
    };

    private static string Event(string data, string? name = null) => $"{(name is null ? "" : $"event: {name}\n")}data: {data}\n\n";

    private static string Candidate(string text, string end) =>
        "{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"" + text + "\"}],\"role\":\"model\"}," + end + "\"index\":0}],\"usageMetadata\":{\"promptTokenCount\":3,\"candidatesTokenCount\":2},\"modelVersion\":\"m\"}";

    private static string Response(string text) => """{"id":"r","object":"response","status":"completed","model":"x","output":[{"type":"message","id":"m","role":"assistant","status":"completed","content":[{"type":"output_text","text":"TEXT","annotations":[]}]}],"usage":{"input_tokens":3,"output_tokens":2,"total_tokens":5}}"""
        .Replace("TEXT", text, StringComparison.Ordinal);
}
