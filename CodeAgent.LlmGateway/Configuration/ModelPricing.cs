using CodeAgent.LlmGateway.Budgets;

namespace CodeAgent.LlmGateway.Configuration;

/// <summary>US dollars for a million tokens; 0 to 100,000 each, with at most six decimals.</summary>
internal sealed class ModelPricing
{
    public decimal InputPerMillion { get; init; }

    /// <summary>Tokens that come from the provider's cache. The same as <see cref="InputPerMillion"/> where it is left out.</summary>
    public decimal? CachedInputPerMillion { get; init; }

    /// <summary>Tokens that are written into the provider's cache. The same as <see cref="InputPerMillion"/> where it is left out.</summary>
    public decimal? CacheWritePerMillion { get; init; }

    /// <summary>Of these, the ones that are kept for an hour. The same as <see cref="CacheWritePerMillion"/> where it is left out.</summary>
    public decimal? CacheWriteHourPerMillion { get; init; }

    public decimal OutputPerMillion { get; init; }

    /// <summary>Tokens that are written for reasoning. The same as <see cref="OutputPerMillion"/> where it is left out.</summary>
    public decimal? ReasoningPerMillion { get; init; }

    /// <summary>The same for single tokens.</summary>
    internal TokenPrices Tokens => field ??= new(this);
}
