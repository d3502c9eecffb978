using System.Runtime.InteropServices;
using System.Text.Json;

namespace CodeAgent.LlmGateway.Protocols;

/// <summary>Reads the <c>usage</c> of OpenAI's protocols, which name the same counts differently, and of those who copied them.</summary>
internal static class OpenAiUsage
{
    // { "prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12, "prompt_tokens_details": { "cached_tokens": 4,
    //   "cache_write_tokens": 2 }, "completion_tokens_details": { "reasoning_tokens": 1 } }
    // { "input_tokens": 9, "input_tokens_details": { … }, "output_tokens": 3, "output_tokens_details": { … }, "total_tokens": 12 }
    /// <summary>Reads the object that the reader stands on; null where it is none.</summary>
    public static TokenUsage? Read(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return null;
        }

        var counts = new Counts();
        Read(ref reader, ref counts);

        // Where reasoning is not contained in what was written (xAI), the total tells.
        var (input, output, reasoning) = (counts.Input, counts.Output, counts.Reasoning);
        output += reasoning > 0 && counts.Total == input + output + reasoning ? reasoning : 0;
        return new(input, counts.Cached, output, reasoning) { CacheWrite = counts.Written };
    }

    public static TokenUsage? Read(JsonElement usage)
    {
        var reader = new Utf8JsonReader(JsonMarshal.GetRawUtf8Value(usage));
        reader.Read();
        return Read(ref reader);
    }

    private static void Read(ref Utf8JsonReader reader, ref Counts counts)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("prompt_tokens"u8) || reader.ValueTextEquals("input_tokens"u8))
            {
                Count(ref reader, ref counts.Input);
            }
            else if (reader.ValueTextEquals("completion_tokens"u8) || reader.ValueTextEquals("output_tokens"u8))
            {
                Count(ref reader, ref counts.Output);
            }
            else if (reader.ValueTextEquals("total_tokens"u8))
            {
                Count(ref reader, ref counts.Total);
            }
            else if (reader.ValueTextEquals("cached_tokens"u8) || reader.ValueTextEquals("prompt_cache_hit_tokens"u8))
            {
                Count(ref reader, ref counts.Cached);
            }
            else if (reader.ValueTextEquals("cache_write_tokens"u8) || reader.ValueTextEquals("cache_creation_tokens"u8))
            {
                Count(ref reader, ref counts.Written);
            }
            else if (reader.ValueTextEquals("reasoning_tokens"u8))
            {
                Count(ref reader, ref counts.Reasoning);
            }
            else if (IsDetails(ref reader) && reader.Read() && reader.TokenType == JsonTokenType.StartObject)
            {
                Read(ref reader, ref counts);
            }
            else
            {
                // The name, with its value; or the value of details that are null.
                reader.Skip();
            }
        }
    }

    private static bool IsDetails(ref Utf8JsonReader reader) =>
        reader.ValueTextEquals("prompt_tokens_details"u8) || reader.ValueTextEquals("completion_tokens_details"u8)
        || reader.ValueTextEquals("input_tokens_details"u8) || reader.ValueTextEquals("output_tokens_details"u8);

    private static void Count(ref Utf8JsonReader reader, ref long count)
    {
        reader.Read();
        if (reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out var number))
        {
            count = number;
        }

        reader.Skip();
    }

    private struct Counts
    {
        public long Input, Output, Total, Cached, Written, Reasoning;
    }
}
