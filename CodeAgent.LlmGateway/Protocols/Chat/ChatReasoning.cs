using System.Text.Json;
using CodeAgent.LlmGateway.Protocols.Neutral;

namespace CodeAgent.LlmGateway.Protocols.Chat;

/// <summary>
/// What OpenAI's chat completions have no field for, in the fields that others added: OpenRouter's <c>reasoning_details</c> for
/// what must be handed back with reasoning, and Google's <c>extra_content</c> for the signature of a call.
/// </summary>
internal static class ChatReasoning
{
    // "reasoning_content": "…" (DeepSeek, vLLM) or "reasoning": "…" (OpenRouter, newer vLLM), and OpenRouter's
    // "reasoning_details": [ { "type": "reasoning.text", "text": "…", "signature": "…" }, { "type": "reasoning.encrypted", "data": "…" } ],
    // which repeat the text
    /// <summary>What was thought, of a delta or of a message.</summary>
    /// <param name="delta">The delta, or the message.</param>
    /// <param name="parts">The details of which only a part has come.</param>
    /// <param name="events">Takes what it means.</param>
    public static void Read(JsonElement delta, ChatReasoningDetails parts, List<AnswerEvent> events)
    {
        var text = Text(delta);
        if (text is { Length: > 0 })
        {
            events.Add(new AnswerEvent.Reasoning(text));
        }

        foreach (var detail in Details(delta))
        {
            if (text is not { Length: > 0 } && Told(detail) is { Length: > 0 } told)
            {
                events.Add(new AnswerEvent.Reasoning(told));
            }

            if (parts.Add(detail) is { } whole)
            {
                var kept = Signatures.From(Protocol.Chat, whole);
                events.Add(detail.Text("data") is { Length: > 0 } ? new AnswerEvent.RedactedReasoning(kept) : new AnswerEvent.ReasoningSignature(kept));
            }
        }
    }

    /// <summary>What was thought, of a message that is handed back: a thought for each detail, and one for what has none.</summary>
    public static List<Part> Thoughts(JsonElement message)
    {
        List<Part> thoughts = [];
        foreach (var detail in Details(message))
        {
            if (detail.Text("data") is { Length: > 0 } data)
            {
                thoughts.Add(new Part.RedactedThought(Signatures.From(Protocol.Chat, data)));
            }
            else if (detail.Text("signature") is { Length: > 0 } signature)
            {
                thoughts.Add(new Part.Thought(Told(detail) ?? "", Signatures.From(Protocol.Chat, signature)));
            }
            else if (Told(detail) is { Length: > 0 } told)
            {
                // A client that puts streams together may have the text and its signature one after the other.
                thoughts.Add(new Part.Thought(told, null));
            }
        }

        Join(thoughts);
        var isTold = thoughts.Any(part => part is Part.Thought { Value.Length: > 0 });
        if (!isTold && Text(message) is { Length: > 0 } text)
        {
            // A signature without its text, as some clients keep it, belongs to the text beside it.
            var first = thoughts.FindIndex(part => part is Part.Thought);
            if (first >= 0)
            {
                thoughts[first] = ((Part.Thought)thoughts[first]) with { Value = text };
            }
            else
            {
                thoughts.Insert(0, new Part.Thought(text, null));
            }
        }

        return thoughts;
    }

    /// <summary>Writes what is to be handed back: another's detail as it came, and ours with its text, so that they stay together.</summary>
    public static void Write(Utf8JsonWriter json, IReadOnlyList<ChatDetail> details)
    {
        json.WriteStartArray("reasoning_details"u8);
        foreach (var detail in details)
        {
            var value = detail.Value is null ? null : Signatures.ToCaller(Protocol.Chat, detail.Value);
            if (value is ['{', ..])
            {
                json.WriteRawValue(value);
                continue;
            }

            json.WriteStartObject();
            json.WriteString("type"u8, detail.IsRedacted ? "reasoning.encrypted"u8 : "reasoning.text"u8);
            OpenAiWrite.Optional(json, "text"u8, detail.Text);
            OpenAiWrite.Optional(json, detail.IsRedacted ? "data"u8 : "signature"u8, value);
            json.WriteNumber("index"u8, detail.Index);
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

    private static string? Text(JsonElement delta) => delta.Text("reasoning_content") is { Length: > 0 } content ? content : delta.Text("reasoning");

    private static string? Told(JsonElement detail) => detail.Text("text") ?? detail.Text("summary");

    private static JsonElement.ArrayEnumerator Details(JsonElement delta) =>
        delta.TryGetProperty("reasoning_details", out var details) && details.ValueKind == JsonValueKind.Array ? details.EnumerateArray() : default;

    // Texts without a signature go to the next signature without a text.
    private static void Join(List<Part> thoughts)
    {
        for (var i = 1; i < thoughts.Count; i++)
        {
            if (thoughts[i - 1] is Part.Thought { Signature: null } text && thoughts[i] is Part.Thought next && (next.Signature is null || next.Value.Length == 0))
            {
                thoughts[i - 1] = next with { Value = text.Value + next.Value };
                thoughts.RemoveAt(i--);
            }
        }
    }
}

/// <summary>What a provider wants back with what was thought.</summary>
/// <param name="IsRedacted">Whether there is no text to it.</param>
/// <param name="Value">A signature, or a whole detail as JSON; null where it is still to come.</param>
/// <param name="Text">What was thought.</param>
/// <param name="Index">Counted from 0 in the answer.</param>
internal sealed record ChatDetail(bool IsRedacted, string? Value, string? Text, int Index);
