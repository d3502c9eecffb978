using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using CodeAgent.LlmGateway.Protocols.Neutral;

namespace CodeAgent.LlmGateway.Protocols.Gemini;

/// <summary>Says a conversation in Google's form. The model and whether a stream is wanted are in the address.</summary>
internal sealed class GeminiRequestWriter(Conversation conversation, string model)
{
    private readonly ArrayBufferWriter<byte> _bytes = new(4096);

    public byte[] Write()
    {
        using var json = new Utf8JsonWriter(_bytes, new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true });
        json.WriteStartObject();
        new GeminiPartWriter(json, model).Write(conversation);
        Tools(json);
        Settings(json);
        json.WriteEndObject();
        json.Flush();
        return _bytes.WrittenSpan.ToArray();
    }

    private void Tools(Utf8JsonWriter json)
    {
        if (conversation.Tools.Count == 0)
        {
            return;
        }

        json.WriteStartArray("tools");
        json.WriteStartObject();
        json.WriteStartArray("functionDeclarations");
        foreach (var tool in conversation.Tools)
        {
            json.WriteStartObject();
            json.WriteString("name", tool.Name);
            if (tool.Description is not null)
            {
                json.WriteString("description", tool.Description);
            }

            if (tool.Schema is { } schema)
            {
                json.WritePropertyName("parametersJsonSchema");
                schema.WriteTo(json);
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndArray();
        var isStrict = conversation.Tools.Any(tool => tool.Strict is true);
        if (conversation.ToolChoice is null && !isStrict)
        {
            return;
        }

        json.WriteStartObject("toolConfig");
        json.WriteStartObject("functionCallingConfig");
        json.WriteString("mode", conversation.ToolChoice?.Kind switch
        {
            ToolChoiceKind.None => "NONE",
            ToolChoiceKind.Any or ToolChoiceKind.Named => "ANY",
            _ => isStrict ? "VALIDATED" : "AUTO",
        });
        if (conversation.ToolChoice is { Kind: ToolChoiceKind.Named, Name: { } name })
        {
            json.WriteStartArray("allowedFunctionNames");
            json.WriteStringValue(name);
            json.WriteEndArray();
        }

        json.WriteEndObject();
        json.WriteEndObject();
    }

    private void Settings(Utf8JsonWriter json)
    {
        json.WriteStartObject("generationConfig");
        Number(json, "maxOutputTokens", conversation.MaxOutputTokens);
        Number(json, "temperature", conversation.Temperature);
        Number(json, "topP", conversation.TopP);
        Number(json, "topK", conversation.TopK);
        Number(json, "presencePenalty", conversation.PresencePenalty is 0 ? null : conversation.PresencePenalty);
        Number(json, "frequencyPenalty", conversation.FrequencyPenalty is 0 ? null : conversation.FrequencyPenalty);
        Number(json, "seed", conversation.Seed);
        if (conversation.Stop.Count > 0)
        {
            json.WriteStartArray("stopSequences");
            foreach (var stop in conversation.Stop)
            {
                json.WriteStringValue(stop);
            }

            json.WriteEndArray();
        }

        if (conversation.Format is { } format)
        {
            json.WriteString("responseMimeType", "application/json");
            if (format.Schema is { } schema)
            {
                json.WritePropertyName("responseJsonSchema");
                schema.WriteTo(json);
            }
        }

        Thinking(json);
        json.WriteEndObject();
    }

    private void Thinking(Utf8JsonWriter json)
    {
        if (conversation.Reasoning is not { } wish || !GeminiModel.Thinks(model))
        {
            return;
        }

        json.WriteStartObject("thinkingConfig");
        var isOff = wish.BudgetTokens == 0 || wish.Effort == "none";
        if (!GeminiModel.IsThirdOrLater(model))
        {
            var budget = isOff ? 0 : wish.BudgetTokens ?? wish.Effort switch { "minimal" => 512, "low" => 2048, "medium" => 8192, "high" or "xhigh" or "max" => 24_576, _ => null };
            Number(json, "thinkingBudget", budget is { } tokens ? GeminiModel.Budget(model, tokens) : null);
        }
        else if (isOff)
        {
            // These models always think; least comes nearest, and the answer's form is the same.
            json.WriteString("thinkingLevel", GeminiModel.Level(model, Efforts.None));
        }
        else if (wish.Effort is { } effort)
        {
            json.WriteString("thinkingLevel", GeminiModel.Level(model, effort));
        }
        else
        {
            Number(json, "thinkingBudget", wish.BudgetTokens is { } tokens ? GeminiModel.Budget(model, tokens) : null);
        }

        if (wish.IncludeThoughts)
        {
            json.WriteBoolean("includeThoughts", true);
        }

        json.WriteEndObject();
    }

    private static void Number(Utf8JsonWriter json, string name, double? value)
    {
        if (value is { } number)
        {
            json.WriteNumber(name, number);
        }
    }
}
