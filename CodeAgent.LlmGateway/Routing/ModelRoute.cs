using CodeAgent.LlmGateway.Configuration;

namespace CodeAgent.LlmGateway.Routing;

/// <summary>Where a model's name leads.</summary>
/// <param name="Model">The model's name here; <c>provider/model</c> for one that is not listed.</param>
/// <param name="Deployments">The places that can answer, at least one.</param>
internal sealed record ModelRoute(string Model, IReadOnlyList<Deployment> Deployments)
{
    /// <summary>Whether <see cref="Model"/> is in the configuration, so that there are only so many of them.</summary>
    public bool IsListed { get; init; } = true;

    public Deployment First => Deployments[0];
}

/// <summary>A model at a provider.</summary>
/// <param name="ProviderName">The provider's name.</param>
/// <param name="Provider">The provider.</param>
/// <param name="UpstreamModel">The model's name at the provider.</param>
/// <param name="Pricing">What it costs, where that is known.</param>
internal sealed record Deployment(string ProviderName, ProviderConfig Provider, string UpstreamModel, ModelPricing? Pricing)
{
    public bool IsSimulator => Provider.Kind == ProviderKind.Simulator;

    public override string ToString() => $"{ProviderName}/{UpstreamModel}";
}
