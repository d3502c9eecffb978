using CodeAgent.LlmGateway.Configuration;
using CodeAgent.LlmGateway.Providers.OpenAi;
using CodeAgent.LlmGateway.Routing;
using CodeAgent.LlmGateway.Simulator;

namespace CodeAgent.LlmGateway.Providers;

/// <summary>The provider for each kind.</summary>
internal sealed class ModelProviders(OpenAiProvider openAi, SimulatorProvider simulator)
{
    public IModelProvider Get(ModelRoute route) => route.Provider.Kind == ProviderKind.Simulator ? simulator : openAi;
}
