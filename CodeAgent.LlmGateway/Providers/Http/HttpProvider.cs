using CodeAgent.LlmGateway.Routing;
using CodeAgent.ServiceDefaults.Problems;

namespace CodeAgent.LlmGateway.Providers.Http;

/// <summary>A provider that is reached over HTTP. Requests and answers go through as they are.</summary>
internal sealed class HttpProvider(ProviderClients clients) : IModelProvider
{
    public async Task<ProviderAnswer> AskAsync(UpstreamRequest request, Deployment deployment, CancellationToken cancellationToken)
    {
        var content = new SplicedContent(request);
        var message = ProviderClients.Request(HttpMethod.Post, deployment.Provider, ProviderKinds.Path(request));
        message.Content = content;
        foreach (var (name, value) in request.IsTranslated ? [] : request.Origin.Headers)
        {
            message.Headers.TryAddWithoutValidation(name, value);
        }

        HttpResponseMessage? response = null;
        try
        {
            response = await SendAsync(message, deployment, cancellationToken);
            return response.IsSuccessStatusCode
                ? new HttpAnswer(request, message, response, deployment)
                : await UpstreamError.ReadAsync(response, deployment, cancellationToken);
        }
        finally
        {
            if (response is not { IsSuccessStatusCode: true })
            {
                response?.Dispose();
                message.Dispose();
            }
        }
    }

    private async Task<HttpResponseMessage> SendAsync(HttpRequestMessage message, Deployment deployment, CancellationToken cancellationToken)
    {
        var provider = deployment.Provider;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(provider.AnswerTimeout);
        try
        {
            return await clients.Get(deployment.ProviderName, provider).SendAsync(message, limit.Token);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw TimedOut(deployment, $"did not begin to answer within {Text(provider.AnswerTimeout)}");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw TimedOut(deployment, $"did not accept a connection within {Text(provider.ConnectTimeout)}");
        }
        catch (HttpRequestException e)
        {
            throw new ProblemException("upstream-unreachable", StatusCodes.Status502BadGateway,
                $"The provider '{deployment.ProviderName}' cannot be reached at {provider.BaseUrl}: {Reason(e.HttpRequestError)}.");
        }
    }

    internal static string Text(TimeSpan limit) => $"{limit.TotalSeconds:0.###} s";

    private static ProblemException TimedOut(Deployment deployment, string what) =>
        new("upstream-timeout", StatusCodes.Status504GatewayTimeout, $"The provider '{deployment.ProviderName}' {what}.");

    private static string Reason(HttpRequestError error) => error switch
    {
        HttpRequestError.NameResolutionError => "its name is not known",
        HttpRequestError.ConnectionError => "no connection",
        HttpRequestError.SecureConnectionError => "TLS failed",
        HttpRequestError.ResponseEnded => "it closed the connection before it answered",
        HttpRequestError.HttpProtocolError or HttpRequestError.VersionNegotiationError => "it speaks another version of HTTP",
        HttpRequestError.Unknown => "the connection broke",
        _ => error.ToString(),
    };
}
