using System.Buffers;
using System.Text.Json;

namespace CodeAgent.LlmGateway.Protocols.Responses;

internal static class ResponsesErrors
{
    // {"type":"error","code":"…","message":"…","param":null} or, as some have it, {"type":"error","error":{…}}
    /// <summary>What the event <c>error</c> tells; its own type is the event's name, not the error's.</summary>
    public static GatewayError OfEvent(JsonElement data)
    {
        var isInner = data.TryGetProperty("error", out var inner) && inner.ValueKind == JsonValueKind.Object;
        var error = OpenAiErrors.Read(StatusCodes.Status200OK, isInner ? inner : data);
        return isInner ? error : error with { Type = null, Code = error.Code == "error" ? "upstream_error" : error.Code };
    }

    /// <summary>
    /// An error in mid-stream: the event <c>error</c>, at which OpenAI's clients throw, then <c>response.failed</c>, which is
    /// what codex looks for.
    /// </summary>
    /// <param name="error">The error.</param>
    /// <param name="number">The first event's number; 0 where the ones before it went through unread.</param>
    /// <param name="id">The response's id, where it is known.</param>
    public static byte[] InStream(GatewayError error, int number = 0, string? id = null)
    {
        var output = new ArrayBufferWriter<byte>(512);
        var events = new JsonEvents();
        var json = events.BeginEvent(output, "error"u8);
        json.WriteStartObject();
        json.WriteString("type"u8, "error"u8);
        json.WriteNumber("sequence_number"u8, number);
        json.WriteString("code"u8, error.Code);
        json.WriteString("message"u8, error.Message);
        json.WriteString("param"u8, error.Field);
        json.WriteEndObject();
        events.End();

        json = events.BeginEvent(output, "response.failed"u8);
        json.WriteStartObject();
        json.WriteString("type"u8, "response.failed"u8);
        json.WriteNumber("sequence_number"u8, number + 1);
        json.WriteStartObject("response"u8);
        json.WriteString("id"u8, id ?? "resp_");
        json.WriteString("object"u8, "response"u8);
        json.WriteString("status"u8, "failed"u8);
        json.WriteStartObject("error"u8);
        json.WriteString("code"u8, error.Code);
        json.WriteString("message"u8, error.Message);
        json.WriteEndObject();
        json.WriteStartArray("output"u8);
        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndObject();
        events.End();
        return output.WrittenSpan.ToArray();
    }
}
