using CodeAgent.LlmGateway.Calls;
using CodeAgent.LlmGateway.Routing;

namespace CodeAgent.LlmGateway.Providers.Http;

/// <summary>A provider that is reached over HTTP. Requests and answers go through as they are.</summary>
internal sealed class HttpProvider(ProviderClients clients) : IModelProvider
{
    // RFC 9113, 7: the server has not looked at the request at all.
    private const long RefusedStream = 7;
    private const int MostRefusals = 20;

    public async Task<ProviderAnswer> AskAsync(UpstreamRequest request, Deployment deployment, CancellationToken cancellationToken)
    {
        var content = new SplicedContent(request);
        var message = ProviderClients.Request(HttpMethod.Post, deployment.Provider, ProviderKinds.Path(request, deployment.Provider));
        message.Content = content;

        // What goes through must be readable here: an answer cannot be booked, nor half of one noticed, in an encoding.
        message.Headers.TryAddWithoutValidation("Accept-Encoding", "identity");
        message.Headers.TryAddWithoutValidation(Hops.Header, Hops.Next(request.Origin.Hops));
        foreach (var (name, value) in ProviderKinds.Headers(request, deployment.Provider))
        {
            message.Headers.TryAddWithoutValidation(name, value);
        }

        HttpResponseMessage? response = null;
        try
        {
            response = await SendAsync(message, deployment, cancellationToken);
            return response.IsSuccessStatusCode
                ? new HttpAnswer(request, message, response, deployment)
                : await UpstreamError.ReadAsync(response, request.Protocol, deployment, cancellationToken);
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
        for (var refusals = 0; ; refusals++)
        {
            try
            {
                return await SendOnceAsync(message, deployment, cancellationToken);
            }
            catch (HttpRequestException e) when (refusals < MostRefusals && IsRefusedStream(e))
            {
                // A new connection takes a hundred requests before the server has said how many it allows, and refuses the rest,
                // unread. By the time of the refusal the number is known, so that they find room on it or on the next one.
            }
            catch (HttpRequestException e)
            {
                throw new ProviderFailedException(Kind(e), "upstream-unreachable",
                    $"The provider '{deployment.ProviderName}' cannot be reached: {Reason(e.HttpRequestError)}.", e);
            }
        }
    }

    private async Task<HttpResponseMessage> SendOnceAsync(HttpRequestMessage message, Deployment deployment, CancellationToken cancellationToken)
    {
        try
        {
            return await Client(deployment).SendAsync(message, cancellationToken);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new ProviderFailedException(FailureKind.Unreachable, "upstream-timeout",
                $"The provider '{deployment.ProviderName}' did not accept a connection within {Text(deployment.Provider.ConnectTimeout)}.", e);
        }
    }

    private HttpMessageInvoker Client(Deployment deployment)
    {
        try
        {
            return clients.Get(deployment.ProviderName, deployment.Provider);
        }
        catch (Exception e) when (CertificateFile.IsOfFile(e))
        {
            throw new ProviderFailedException(FailureKind.Unreachable, "upstream-unreachable",
                $"The provider '{deployment.ProviderName}' cannot be reached: the file of its certificates cannot be read (providers.{deployment.ProviderName}.caFile in gateway.yaml).", e);
        }
    }

    private static bool IsRefusedStream(Exception e)
    {
        for (var cause = e.InnerException; cause is not null; cause = cause.InnerException)
        {
            if (cause is HttpProtocolException { ErrorCode: RefusedStream })
            {
                return true;
            }
        }

        return false;
    }

    internal static string Text(TimeSpan limit) => $"{limit.TotalSeconds:0.###} s";

    // Without a connection the provider has certainly done nothing; otherwise nobody knows.
    private static FailureKind Kind(HttpRequestException e) => IsRefusedStream(e) || e.HttpRequestError is HttpRequestError.NameResolutionError or HttpRequestError.ConnectionError
        or HttpRequestError.SecureConnectionError or HttpRequestError.ProxyTunnelError or HttpRequestError.VersionNegotiationError
        ? FailureKind.Unreachable : FailureKind.Broken;

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
