using System.Text.Json;
using System.Text.Json.Serialization;

namespace CodeAgent.LlmGateway.Chat;

/// <summary>The tokens of an answer.</summary>
/// <param name="Input">Tokens read, the cached ones included.</param>
/// <param name="CachedInput">Tokens of these that came from the provider's cache.</param>
/// <param name="Output">Tokens written, the ones for reasoning included.</param>
/// <param name="Reasoning">Tokens of these that were written for reasoning.</param>
internal sealed record ChatUsage(long Input, long CachedInput, long Output, long Reasoning);

/// <summary>What is read of an answer, or of a piece of one.</summary>
internal sealed record ChatAnswerHead
{
    public string? Model { get; init; }

    public JsonElement? Error { get; init; }

    public JsonElement? Choices { get; init; }

    public Tokens? Usage { get; init; }

    public static ChatAnswerHead? TryRead(ReadOnlySpan<byte> json)
    {
        try
        {
            return JsonSerializer.Deserialize(json, ChatAnswerJson.Default.ChatAnswerHead);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    public bool IsError => Error is { ValueKind: not JsonValueKind.Null };

    public ChatUsage? ToUsage() => Usage is null ? null
        : new(Usage.PromptTokens, Usage.PromptTokensDetails?.CachedTokens ?? 0, Usage.CompletionTokens, Usage.CompletionTokensDetails?.ReasoningTokens ?? 0);

    internal sealed record Tokens(long PromptTokens, long CompletionTokens)
    {
        public TokenDetails? PromptTokensDetails { get; init; }

        public TokenDetails? CompletionTokensDetails { get; init; }
    }

    internal sealed record TokenDetails
    {
        public long? CachedTokens { get; init; }

        public long? ReasoningTokens { get; init; }
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, MaxDepth = 512)]
[JsonSerializable(typeof(ChatAnswerHead))]
internal sealed partial class ChatAnswerJson : JsonSerializerContext;
