using System.Text.Json;

namespace CodeAgent.LlmGateway.Protocols.Chat;

/// <summary>
/// What OpenAI's chat completions have no field for, in the fields that others added: OpenRouter's <c>reasoning_details</c> for
/// what must be handed back with reasoning, and Google's <c>extra_content</c> for the signature of a call.
/// </summary>
internal static class ChatReasoning
{
    public const string Signature = "reasoning.text";
    public const string Redacted = "reasoning.encrypted";

    public static void Write(Utf8JsonWriter json, IReadOnlyList<(string Type, string Value)> details)
    {
        json.WriteStartArray("reasoning_details"u8);
        foreach (var (type, value) in details)
        {
            json.WriteStartObject();
            json.WriteString("type"u8, type);
            json.WriteString(type == Redacted ? "data"u8 : "signature"u8, value);
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
        json.WriteString("thought_signature"u8, signature);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    public static string? CallSignature(JsonElement call) =>
        call.TryGetProperty("extra_content", out var extra) && extra.ValueKind == JsonValueKind.Object
            && extra.TryGetProperty("google", out var google) && google.ValueKind == JsonValueKind.Object
            && google.TryGetProperty("thought_signature", out var signature) && signature.ValueKind == JsonValueKind.String ? signature.GetString() : null;
}
