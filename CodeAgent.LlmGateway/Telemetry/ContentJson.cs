using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using CodeAgent.LlmGateway.Protocols.Neutral;

namespace CodeAgent.LlmGateway.Telemetry;

/// <summary>
/// What was said, in the JSON that OpenTelemetry's GenAI conventions have for <c>gen_ai.system_instructions</c>,
/// <c>gen_ai.input.messages</c> and <c>gen_ai.output.messages</c>. Long texts are cut, and of a long conversation the last messages
/// are told: a span is no archive, and collectors refuse large ones.
/// </summary>
internal static class ContentJson
{
    private const int LongestText = 8 * 1024;
    private const int Longest = 64 * 1024;

    // Nobody puts it into HTML.
    private static readonly JsonWriterOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string System(IReadOnlyList<Part> parts) => Encoding.UTF8.GetString(Written(json => Parts(json, parts)));

    public static string Input(IReadOnlyList<Message> messages)
    {
        List<byte[]> told = [];
        for (var (i, length) = (messages.Count - 1, 0); i >= 0 && length < Longest; i--)
        {
            told.Insert(0, Written(json => Message(json, RoleOf(messages[i]), messages[i].Parts, null)));
            length += told[0].Length;
        }

        if (told.Count < messages.Count)
        {
            told.Insert(0, Written(json => Message(json, "system", [new Part.Text($"({messages.Count - told.Count} earlier messages are left out here)")], null)));
        }

        return $"[{string.Join(',', told.Select(Encoding.UTF8.GetString))}]";
    }

    public static string Output(IReadOnlyList<AnswerEvent> events)
    {
        List<Part> parts = [];
        Add(events.OfType<AnswerEvent.Reasoning>().Select(one => one.Delta), text => new Part.Thought(text, null));
        Add(events.OfType<AnswerEvent.Text>().Select(one => one.Delta), text => new Part.Text(text));
        Add(events.OfType<AnswerEvent.Refusal>().Select(one => one.Delta), text => new Part.Refusal(text));
        var arguments = events.OfType<AnswerEvent.Arguments>().ToLookup(one => one.Index, one => one.Delta);
        parts.AddRange(events.OfType<AnswerEvent.ToolCall>().Select(call => new Part.ToolCall(call.Id, call.Name, string.Concat(arguments[call.Index]))));
        var reason = events.OfType<AnswerEvent.Finished>().LastOrDefault()?.Reason switch
        {
            FinishReason.Stop => "stop",
            FinishReason.Length => "length",
            FinishReason.ToolCalls => "tool_call",
            FinishReason.Filtered or FinishReason.Refused => "content_filter",
            _ => "error",
        };
        return $"[{Encoding.UTF8.GetString(Written(json => Message(json, "assistant", parts, reason)))}]";

        void Add(IEnumerable<string> deltas, Func<string, Part> make)
        {
            if (string.Concat(deltas) is { Length: > 0 } text)
            {
                parts.Add(make(text));
            }
        }
    }

    private static string RoleOf(Message message) => message.Role switch
    {
        Role.Assistant => "assistant",
        Role.System => "system",
        _ => message.Parts.Count > 0 && message.Parts.All(part => part is Part.ToolResult) ? "tool" : "user",
    };

    private static byte[] Written(Action<Utf8JsonWriter> write)
    {
        var bytes = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(bytes, Readable))
        {
            write(json);
        }

        return bytes.WrittenSpan.ToArray();
    }

    private static void Message(Utf8JsonWriter json, string role, IReadOnlyList<Part> parts, string? finishReason)
    {
        json.WriteStartObject();
        json.WriteString("role", role);
        json.WritePropertyName("parts");
        Parts(json, parts);
        if (finishReason is not null)
        {
            json.WriteString("finish_reason", finishReason);
        }

        json.WriteEndObject();
    }

    private static void Parts(Utf8JsonWriter json, IReadOnlyList<Part> parts)
    {
        json.WriteStartArray();
        var told = 0;
        foreach (var part in parts.TakeWhile(_ => json.BytesCommitted + json.BytesPending < Longest))
        {
            json.WriteStartObject();
            Write(json, part);
            json.WriteEndObject();
            told++;
        }

        if (told < parts.Count)
        {
            json.WriteStartObject();
            Text(json, "text", $"({parts.Count - told} more parts are left out here)");
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void Write(Utf8JsonWriter json, Part part)
    {
        switch (part)
        {
            case Part.Text text:
                Text(json, "text", text.Value);
                break;
            case Part.Refusal refusal:
                Text(json, "text", refusal.Value);
                break;
            case Part.Thought thought:
                Text(json, "reasoning", thought.Value);
                break;
            case Part.RedactedThought:
                Text(json, "reasoning", "");
                break;
            case Part.ToolCall call:
                json.WriteString("type", "tool_call");
                json.WriteString("id", call.Id);
                json.WriteString("name", call.Name);
                json.WriteString("arguments", Short(call.Arguments));
                break;
            case Part.ToolResult result:
                json.WriteString("type", "tool_call_response");
                json.WriteString("id", result.CallId);
                json.WriteString("response", Short(string.Concat(result.Content.OfType<Part.Text>().Select(text => text.Value))));
                break;
            case Part.Image image:
                Media(json, "image", image.Url, image.MediaType);
                break;
            case Part.Document document:
                Media(json, "document", document.Url, document.MediaType);
                break;
        }
    }

    private static void Text(Utf8JsonWriter json, string type, string text)
    {
        json.WriteString("type", type);
        json.WriteString("content", Short(text));
    }

    // The bytes themselves stay out.
    private static void Media(Utf8JsonWriter json, string modality, string? url, string? type)
    {
        json.WriteString("type", url is null ? "blob" : "uri");
        json.WriteString("modality", modality);
        json.WriteString("mime_type", type);
        json.WriteString(url is null ? "content" : "uri", url is null ? "" : Short(url));
    }

    private static string Short(string text)
    {
        if (text.Length <= LongestText)
        {
            return text;
        }

        // Not in the middle of a character.
        var end = char.IsHighSurrogate(text[LongestText - 1]) ? LongestText - 1 : LongestText;
        return $"{text[..end]}… ({text.Length - end} more)";
    }
}
