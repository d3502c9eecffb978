using CodeAgent.LlmGateway.Configuration;
using CodeAgent.LlmGateway.Providers.Http;
using CodeAgent.LlmGateway.Routing;
using CodeAgent.LlmGateway.Simulator;

namespace CodeAgent.LlmGateway.Providers;

/// <summary>The provider for each kind.</summary>
internal sealed class ModelProviders(HttpProvider openAi, SimulatorProvider simulator)
{
    public IModelProvider Get(Deployment deployment) => deployment.Provider.Kind == ProviderKind.Simulator ? simulator : openAi;
}
