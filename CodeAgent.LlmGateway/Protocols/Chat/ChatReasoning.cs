using System.Text.Json;
using CodeAgent.LlmGateway.Protocols.Neutral;

namespace CodeAgent.LlmGateway.Protocols.Chat;

/// <summary>
/// What OpenAI's chat completions have no field for, in the fields that others added: OpenRouter's <c>reasoning_details</c> for
/// what must be handed back with reasoning, and Google's <c>extra_content</c> for the signature of a call.
/// </summary>
internal static class ChatReasoning
{
    public const string Signature = "reasoning.text";
    public const string Redacted = "reasoning.encrypted";

    // "reasoning_content": "…" (DeepSeek, vLLM) or "reasoning": "…" (OpenRouter, newer vLLM), and OpenRouter's
    // "reasoning_details": [ { "type": "reasoning.text", "text": "…", "signature": "…" }, { "type": "reasoning.encrypted", "data": "…" } ],
    // which repeat the text
    /// <summary>What was thought, of a delta or of a message.</summary>
    public static void Read(JsonElement delta, List<AnswerEvent> events)
    {
        var text = delta.Text("reasoning_content") is { Length: > 0 } content ? content : delta.Text("reasoning");
        if (text is { Length: > 0 })
        {
            events.Add(new AnswerEvent.Reasoning(text));
        }

        foreach (var detail in delta.TryGetProperty("reasoning_details", out var details) && details.ValueKind == JsonValueKind.Array ? details.EnumerateArray() : default)
        {
            if (text is not { Length: > 0 } && (detail.Text("text") ?? detail.Text("summary")) is { Length: > 0 } told)
            {
                events.Add(new AnswerEvent.Reasoning(told));
            }

            if (detail.Text("signature") is { Length: > 0 } signature)
            {
                events.Add(new AnswerEvent.ReasoningSignature(Signatures.From(Protocol.Chat, signature)));
            }

            if (detail.Text("data") is { Length: > 0 } data)
            {
                events.Add(new AnswerEvent.RedactedReasoning(Signatures.From(Protocol.Chat, data)));
            }
        }
    }

    /// <summary>What was thought, of a message that is handed back.</summary>
    public static IEnumerable<Part> Thoughts(JsonElement message)
    {
        List<AnswerEvent> events = [];
        Read(message, events);
        var text = string.Concat(events.OfType<AnswerEvent.Reasoning>().Select(reasoning => reasoning.Delta));
        var signature = events.OfType<AnswerEvent.ReasoningSignature>().LastOrDefault()?.Signature;
        if (text.Length > 0 || signature is not null)
        {
            yield return new Part.Thought(text, signature);
        }

        foreach (var redacted in events.OfType<AnswerEvent.RedactedReasoning>())
        {
            yield return new Part.RedactedThought(redacted.Data);
        }
    }

    public static void Write(Utf8JsonWriter json, IReadOnlyList<(string Type, string Value)> details)
    {
        json.WriteStartArray("reasoning_details"u8);
        foreach (var (type, value) in details)
        {
            json.WriteStartObject();
            json.WriteString("type"u8, type);
            json.WriteString(type == Redacted ? "data"u8 : "signature"u8, Signatures.ToCaller(Protocol.Chat, value));
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    public static void WriteCallSignature(Utf8JsonWriter json, string? signature)
    {
        if (signature is null)
        {
            return;
        }

        json.WriteStartObject("extra_content"u8);
        json.WriteStartObject("google"u8);
        json.WriteString("thought_signature"u8, Signatures.ToCaller(Protocol.Chat, signature));
        json.WriteEndObject();
        json.WriteEndObject();
    }

    public static string? CallSignature(JsonElement call) =>
        call.TryGetProperty("extra_content", out var extra) && extra.ValueKind == JsonValueKind.Object
            && extra.TryGetProperty("google", out var google) && google.ValueKind == JsonValueKind.Object
            && google.TryGetProperty("thought_signature", out var signature) && signature.ValueKind == JsonValueKind.String
            ? Signatures.From(Protocol.Chat, signature.GetString()!) : null;
}
