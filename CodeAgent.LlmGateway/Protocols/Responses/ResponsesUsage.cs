using System.Text.Json;

namespace CodeAgent.LlmGateway.Protocols.Responses;

/// <summary>Writes the <c>usage</c> of a response, whose details are never left out.</summary>
internal static class ResponsesUsage
{
    public static void Write(Utf8JsonWriter json, TokenUsage? usage)
    {
        if (usage is null)
        {
            json.WriteNull("usage"u8);
            return;
        }

        json.WriteStartObject("usage"u8);
        json.WriteNumber("input_tokens"u8, usage.Input);
        json.WriteStartObject("input_tokens_details"u8);
        json.WriteNumber("cached_tokens"u8, usage.CachedInput);
        if (usage.CacheWrite > 0)
        {
            json.WriteNumber("cache_write_tokens"u8, usage.CacheWrite);
        }

        json.WriteEndObject();
        json.WriteNumber("output_tokens"u8, usage.Output);
        json.WriteStartObject("output_tokens_details"u8);
        json.WriteNumber("reasoning_tokens"u8, usage.Reasoning);
        json.WriteEndObject();
        json.WriteNumber("total_tokens"u8, usage.Total);
        json.WriteEndObject();
    }
}
