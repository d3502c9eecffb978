using CodeAgent.LlmGateway.Calls;
using CodeAgent.LlmGateway.Providers;
using CodeAgent.LlmGateway.Protocols;
using CodeAgent.LlmGateway.Telemetry;

namespace CodeAgent.LlmGateway.Routing;

/// <summary>Brings a request to one of the deployments of its route.</summary>
internal sealed class Dispatcher(ModelProviders providers, ProtocolSet protocols)
{
    /// <summary>Asks, and returns as soon as the answer begins.</summary>
    public async Task<DispatchedAnswer> AskAsync(ModelRequest request, ModelRoute route, ModelCall call, CancellationToken cancellationToken)
    {
        var deployment = route.First;
        call.Asking(route, deployment, request.IsStream);
        var upstream = UpstreamRequestFor(request, deployment);
        var answer = await providers.Get(deployment).AskAsync(upstream, deployment, cancellationToken);
        return new(answer, protocols[upstream.Protocol], deployment);
    }

    private UpstreamRequest UpstreamRequestFor(ModelRequest request, Deployment deployment)
    {
        var protocol = deployment.Provider.ProtocolFor(request.Protocol);
        return protocol == request.Protocol
            ? new(request, protocol, deployment.UpstreamModel, request.With(deployment.UpstreamModel))
            : new(request, protocol, deployment.UpstreamModel, [protocols[protocol].Write(protocols[request.Protocol].Read(request), deployment.UpstreamModel)]);
    }
}

/// <summary>An answer that has begun.</summary>
/// <param name="Answer">The answer.</param>
/// <param name="Protocol">The protocol that it is in.</param>
/// <param name="Deployment">Who answers.</param>
internal sealed record DispatchedAnswer(ProviderAnswer Answer, IProtocol Protocol, Deployment Deployment);
