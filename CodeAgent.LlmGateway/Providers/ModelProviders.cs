using CodeAgent.LlmGateway.Configuration;
using CodeAgent.LlmGateway.Protocols;
using CodeAgent.LlmGateway.Providers.Estimates;
using CodeAgent.LlmGateway.Providers.Http;
using CodeAgent.LlmGateway.Routing;
using CodeAgent.LlmGateway.Simulator;

namespace CodeAgent.LlmGateway.Providers;

/// <summary>Who answers a request.</summary>
internal sealed class ModelProviders(HttpProvider http, SimulatorProvider simulator, TokenEstimator estimator)
{
    public IModelProvider Get(UpstreamRequest request, Deployment deployment) =>
        request.Operation == Operation.CountTokens && (deployment.IsSimulator || !deployment.Provider.Protocols().Contains(request.Protocol)) ? estimator
        : deployment.Provider.Kind == ProviderKind.Simulator ? simulator
        : http;
}
