using System.Text.Json;

namespace CodeAgent.LlmGateway.Protocols.Messages;

/// <summary>
/// Anthropic's counts, gathered over an answer: the beginning of a stream has the input, its end the output, and often the input
/// once more. What is told later replaces what was told before; a count that is not told again stays.
/// </summary>
internal sealed class MessagesUsage
{
    // { "input_tokens": 12, "cache_read_input_tokens": 900, "cache_creation_input_tokens": 30,
    //   "cache_creation": { "ephemeral_5m_input_tokens": 10, "ephemeral_1h_input_tokens": 20 }, "output_tokens": 5,
    //   "output_tokens_details": { "thinking_tokens": 3 } }
    private long _input;
    private long _cacheRead;
    private long _cacheWrite;
    private long _cacheWriteHour;
    private long _output;
    private long _thinking;

    public TokenUsage? Tokens { get; private set; }

    /// <summary>Takes the counts of an object that has a <c>usage</c>, or has not.</summary>
    public TokenUsage? Add(JsonElement owner)
    {
        if (owner.ValueKind != JsonValueKind.Object || !owner.TryGetProperty("usage", out var usage) || usage.ValueKind != JsonValueKind.Object)
        {
            return null;
        }

        Take(usage, "input_tokens", ref _input);
        Take(usage, "cache_read_input_tokens", ref _cacheRead);
        Take(usage, "cache_creation_input_tokens", ref _cacheWrite);
        Take(usage, "output_tokens", ref _output);
        if (usage.TryGetProperty("cache_creation", out var writes) && writes.ValueKind == JsonValueKind.Object)
        {
            Take(writes, "ephemeral_1h_input_tokens", ref _cacheWriteHour);
        }

        if (usage.TryGetProperty("output_tokens_details", out var details) && details.ValueKind == JsonValueKind.Object)
        {
            Take(details, "thinking_tokens", ref _thinking);
        }

        return Tokens = new(_input + _cacheRead + _cacheWrite, _cacheRead, _output, _thinking) { CacheWrite = _cacheWrite, CacheWriteHour = _cacheWriteHour };
    }

    /// <summary>Writes counts in Anthropic's form.</summary>
    public static void Write(Utf8JsonWriter json, TokenUsage usage)
    {
        json.WriteStartObject("usage");
        json.WriteNumber("input_tokens", Math.Max(0, usage.Input - usage.CachedInput - usage.CacheWrite));
        json.WriteNumber("cache_creation_input_tokens", usage.CacheWrite);
        json.WriteNumber("cache_read_input_tokens", usage.CachedInput);
        if (usage.CacheWrite > 0)
        {
            json.WriteStartObject("cache_creation");
            json.WriteNumber("ephemeral_5m_input_tokens", usage.CacheWrite - usage.CacheWriteHour);
            json.WriteNumber("ephemeral_1h_input_tokens", usage.CacheWriteHour);
            json.WriteEndObject();
        }

        json.WriteNumber("output_tokens", usage.Output);
        if (usage.Reasoning > 0)
        {
            json.WriteStartObject("output_tokens_details");
            json.WriteNumber("thinking_tokens", usage.Reasoning);
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private static void Take(JsonElement owner, string name, ref long count)
    {
        if (owner.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var number))
        {
            count = number;
        }
    }
}
