using System.Text.Json;

namespace CodeAgent.LlmGateway.Protocols.Chat;

/// <summary>Writes the <c>usage</c> of chat completions; details only where there are any.</summary>
internal static class ChatUsage
{
    public static void Write(Utf8JsonWriter json, TokenUsage? usage)
    {
        if (usage is null)
        {
            return;
        }

        json.WriteStartObject("usage"u8);
        json.WriteNumber("prompt_tokens"u8, usage.Input);
        json.WriteNumber("completion_tokens"u8, usage.Output);
        json.WriteNumber("total_tokens"u8, usage.Total);
        if (usage.CachedInput > 0 || usage.CacheWrite > 0)
        {
            json.WriteStartObject("prompt_tokens_details"u8);
            json.WriteNumber("cached_tokens"u8, usage.CachedInput);
            if (usage.CacheWrite > 0)
            {
                json.WriteNumber("cache_write_tokens"u8, usage.CacheWrite);
            }

            json.WriteEndObject();
        }

        if (usage.Reasoning > 0)
        {
            json.WriteStartObject("completion_tokens_details"u8);
            json.WriteNumber("reasoning_tokens"u8, usage.Reasoning);
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }
}
