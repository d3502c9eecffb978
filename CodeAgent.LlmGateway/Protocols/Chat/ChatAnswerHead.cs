using System.Text.Json;
using System.Text.Json.Serialization;

namespace CodeAgent.LlmGateway.Protocols.Chat;

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

    public TokenUsage? ToUsage() => Usage is null ? null
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
