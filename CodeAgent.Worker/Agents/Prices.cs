using CodeAgent.Contracts;
using CodeAgent.Worker.Agents.Builtin.Models;

namespace CodeAgent.Worker.Agents;

/// <summary>What tokens cost, and how many a model takes, by the gateway's list.</summary>
internal sealed class Prices(ModelCards cards)
{
    /// <summary>Tokens that a model takes at once, its answer included; none where that is not known.</summary>
    public async Task<int?> ContextWindowAsync(string model, CancellationToken cancellationToken) =>
        (await cards.ListAsync(cancellationToken)).GetValueOrDefault(model)?.ContextWindow;

    /// <summary>US dollars for a turn; 0 for a model without a price.</summary>
    /// <param name="answered">The model that answered, by the provider's word.</param>
    /// <param name="asked">The model that was asked for.</param>
    /// <param name="usage">What it used.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    public async Task<decimal> CostAsync(string? answered, string asked, Usage usage, CancellationToken cancellationToken)
    {
        var list = await cards.ListAsync(cancellationToken);
        if (((answered is null ? null : list.GetValueOrDefault(answered)?.Pricing) ?? list.GetValueOrDefault(asked)?.Pricing) is not { } price)
        {
            return 0;
        }

        const decimal Million = 1_000_000m;
        var fresh = Math.Max(0, usage.InputTokens - usage.CachedInputTokens);
        return ((fresh * price.InputPerMillion)
            + (usage.CachedInputTokens * (price.CachedInputPerMillion ?? price.InputPerMillion))
            + (usage.OutputTokens * price.OutputPerMillion)) / Million;
    }
}
