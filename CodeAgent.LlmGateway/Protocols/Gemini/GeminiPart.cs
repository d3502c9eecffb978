using System.Text.Json;
using CodeAgent.LlmGateway.Protocols.Neutral;

namespace CodeAgent.LlmGateway.Protocols.Gemini;

/// <summary>One part of an answer in Google's form. Calls of tools are whole here, never fragments.</summary>
internal sealed record GeminiPart(string? Text)
{
    public bool IsThought { get; init; }

    public string? Signature { get; init; }

    public AnswerEvent.ToolCall? Call { get; init; }

    public string Arguments { get; init; } = "{}";

    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        if (Call is not null)
        {
            json.WriteStartObject("functionCall");
            if (!GeminiCallIds.IsMadeUp(Call.Id))
            {
                json.WriteString("id", Call.Id);
            }

            json.WriteString("name", Call.Name);
            json.WritePropertyName("args");
            json.WriteRawValue(Arguments, skipInputValidation: true);
            json.WriteEndObject();
        }
        else
        {
            json.WriteString("text", Text);
            if (IsThought)
            {
                json.WriteBoolean("thought", true);
            }
        }

        if (Signature is not null)
        {
            json.WriteString("thoughtSignature", GeminiSignatures.ToCaller(Signature));
        }

        json.WriteEndObject();
    }
}
