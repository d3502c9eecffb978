using CodeAgent.LlmGateway.Configuration;

namespace CodeAgent.LlmGateway.Protocols.Neutral;

/// <summary>In what a provider differs from others of its protocol.</summary>
internal sealed record Dialect
{
    /// <summary>Whether the limit is <c>max_completion_tokens</c>; OpenAI's newer models refuse the old <c>max_tokens</c>, most other servers know only that.</summary>
    public bool HasMaxCompletionTokens { get; init; }

    /// <summary>Whether it takes Anthropic's <c>cache_control</c> on the parts of a chat, as OpenRouter does.</summary>
    public bool HasCacheControl { get; init; }

    /// <summary>Whether it takes OpenRouter's <c>reasoning</c>, which can have a budget.</summary>
    public bool HasReasoningBudget { get; init; }

    /// <summary>Whether it goes on from what the assistant began to say, as OpenRouter does.</summary>
    public bool HasPrefill { get; init; }

    /// <summary>Whether it takes <c>top_k</c>, which is not OpenAI's, but most others know it.</summary>
    public bool HasTopK { get; init; } = true;

    /// <summary>Whether it takes <c>prompt_cache_key</c>.</summary>
    public bool HasPromptCacheKey { get; init; }

    /// <summary>Whether a stream can be asked for its usage.</summary>
    public bool HasStreamUsage { get; init; } = true;

    public static Dialect Of(ProviderConfig provider)
    {
        var isOpenAi = provider.Kind == ProviderKind.Azure
            || (Uri.TryCreate(provider.BaseUrl, UriKind.Absolute, out var url) && url.Host.EndsWith(".openai.com", StringComparison.OrdinalIgnoreCase));
        var isOpenRouter = provider.Kind == ProviderKind.OpenRouter;
        return new()
        {
            HasMaxCompletionTokens = isOpenAi || isOpenRouter || provider.Kind == ProviderKind.Vllm,
            HasCacheControl = isOpenRouter,
            HasReasoningBudget = isOpenRouter,
            HasPrefill = isOpenRouter,
            HasTopK = !isOpenAi,
            HasPromptCacheKey = isOpenAi,
            HasStreamUsage = provider.StreamUsage,
        };
    }
}
