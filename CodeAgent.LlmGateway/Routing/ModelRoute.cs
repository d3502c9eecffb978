using CodeAgent.LlmGateway.Configuration;

namespace CodeAgent.LlmGateway.Routing;

/// <summary>Where a model's name leads.</summary>
/// <param name="Model">The model's name here; <c>provider/model</c> for one that is not listed.</param>
/// <param name="Deployments">The places that can answer, at least one, the upper tiers first.</param>
internal sealed record ModelRoute(string Model, IReadOnlyList<Deployment> Deployments)
{
    /// <summary>Whether <see cref="Model"/> is in the configuration, so that there are only so many of them.</summary>
    public bool IsListed { get; init; } = true;

    public Affinity Affinity { get; init; }

    public HedgeConfig? Hedge { get; init; }

    public BestOfConfig? BestOf { get; init; }

    public Deployment First => Deployments[0];

    /// <summary>Tokens that any deployment of the first tier takes at once, as far as that is known: a conversation may come to each of them.</summary>
    public int? ContextWindow => Deployments.Where(deployment => deployment.Tier == First.Tier).Min(deployment => deployment.ContextWindow);
}

/// <summary>A model at a provider.</summary>
/// <param name="ProviderName">The provider's name.</param>
/// <param name="Provider">The provider.</param>
/// <param name="UpstreamModel">The model's name at the provider.</param>
/// <param name="Pricing">What it costs, where that is known.</param>
internal sealed record Deployment(string ProviderName, ProviderConfig Provider, string UpstreamModel, ModelPricing? Pricing)
{
    public int Weight { get; init; } = 1;

    /// <summary>Tokens that it takes at once, where that is known.</summary>
    public int? ContextWindow { get; init; }

    /// <summary>Asked only while all deployments of smaller tiers are failing.</summary>
    public int Tier { get; init; }

    /// <summary>Whether <see cref="UpstreamModel"/> is in the configuration, and not made up by a caller.</summary>
    public bool IsListed { get; init; } = true;

    public bool IsSimulator => Provider.Kind == ProviderKind.Simulator;

    public override string ToString() => $"{ProviderName}/{UpstreamModel}";
}
