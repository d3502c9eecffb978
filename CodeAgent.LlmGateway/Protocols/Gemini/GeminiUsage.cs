using System.Text.Json;

namespace CodeAgent.LlmGateway.Protocols.Gemini;

/// <summary>Google's counts. The prompt has what came from the cache in it; the candidates have not what was thought.</summary>
internal static class GeminiUsage
{
    // { "promptTokenCount": 12, "cachedContentTokenCount": 8, "toolUsePromptTokenCount": 1, "candidatesTokenCount": 5, "thoughtsTokenCount": 3, "totalTokenCount": 21 }
    public static TokenUsage? Read(JsonElement answer) =>
        answer.TryGetProperty("usageMetadata", out var usage) && usage.ValueKind == JsonValueKind.Object
            ? new(Count(usage, "promptTokenCount") + Count(usage, "toolUsePromptTokenCount"), Count(usage, "cachedContentTokenCount"),
                Count(usage, "candidatesTokenCount") + Count(usage, "thoughtsTokenCount"), Count(usage, "thoughtsTokenCount"))
            : null;

    public static void Write(Utf8JsonWriter json, TokenUsage usage)
    {
        json.WriteStartObject("usageMetadata");
        json.WriteNumber("promptTokenCount", usage.Input);
        json.WriteNumber("candidatesTokenCount", usage.Output - usage.Reasoning);
        json.WriteNumber("totalTokenCount", usage.Total);
        if (usage.CachedInput > 0)
        {
            json.WriteNumber("cachedContentTokenCount", usage.CachedInput);
        }

        if (usage.Reasoning > 0)
        {
            json.WriteNumber("thoughtsTokenCount", usage.Reasoning);
        }

        json.WriteEndObject();
    }

    private static long Count(JsonElement usage, string name) =>
        usage.TryGetProperty(name, out var count) && count.ValueKind == JsonValueKind.Number && count.TryGetInt64(out var tokens) ? tokens : 0;
}
