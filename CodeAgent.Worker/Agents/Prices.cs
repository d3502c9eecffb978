using CodeAgent.Contracts;
using CodeAgent.Worker.Agents.Builtin.Models;

namespace CodeAgent.Worker.Agents;

/// <summary>What tokens cost, by the gateway's list.</summary>
internal sealed class Prices(ModelCards cards)
{
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
