using CodeAgent.LlmGateway.Chat;
using CodeAgent.LlmGateway.Routing;
using CodeAgent.ServiceDefaults.Problems;

namespace CodeAgent.LlmGateway.Providers.OpenAi;

/// <summary>Any server that speaks OpenAI's chat completions. Requests and answers go through as they are.</summary>
internal sealed class OpenAiProvider(ProviderClients clients) : IModelProvider
{
    public async Task<ProviderAnswer> AskAsync(ChatRequest request, ModelRoute route, CancellationToken cancellationToken)
    {
        var content = new SplicedContent(request.WithModel(route.UpstreamModel));
        var message = ProviderClients.Request(HttpMethod.Post, route.Provider, "/chat/completions");
        message.Content = content;
        foreach (var (name, value) in request.Headers)
        {
            message.Headers.TryAddWithoutValidation(name, value);
        }

        HttpResponseMessage? response = null;
        try
        {
            response = await SendAsync(message, route, cancellationToken);
            return response.IsSuccessStatusCode
                ? new HttpAnswer(request, message, content, response, route)
                : await UpstreamError.ReadAsync(response, route, cancellationToken);
        }
        finally
        {
            if (response is not { IsSuccessStatusCode: true })
            {
                request.IsBodyShared |= content.IsBeingSent;
                response?.Dispose();
                message.Dispose();
            }
        }
    }

    private async Task<HttpResponseMessage> SendAsync(HttpRequestMessage message, ModelRoute route, CancellationToken cancellationToken)
    {
        var provider = route.Provider;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(provider.AnswerTimeout);
        try
        {
            return await clients.Get(route.ProviderName, provider).SendAsync(message, limit.Token);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw TimedOut(route, $"did not begin to answer within {Text(provider.AnswerTimeout)}");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw TimedOut(route, $"did not accept a connection within {Text(provider.ConnectTimeout)}");
        }
        catch (HttpRequestException e)
        {
            throw new ProblemException("upstream-unreachable", StatusCodes.Status502BadGateway,
                $"The provider '{route.ProviderName}' cannot be reached at {provider.BaseUrl}: {Reason(e.HttpRequestError)}.");
        }
    }

    internal static string Text(TimeSpan limit) => $"{limit.TotalSeconds:0.###} s";

    private static ProblemException TimedOut(ModelRoute route, string what) =>
        new("upstream-timeout", StatusCodes.Status504GatewayTimeout, $"The provider '{route.ProviderName}' {what}.");

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
