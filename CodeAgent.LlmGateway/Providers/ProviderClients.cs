using System.Collections.Concurrent;
using System.Net;
using CodeAgent.LlmGateway.Configuration;

namespace CodeAgent.LlmGateway.Providers;

/// <summary>
/// The connections to the providers: one pool each, kept over changes of the configuration. There are no retries and no
/// limit on the whole of an answer here, unlike in a client for calls between our own services.
/// </summary>
internal sealed class ProviderClients : IDisposable
{
    private static readonly TimeSpan ConnectionLifetime = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan PingAfter = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan PingTimeout = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<(string Name, TimeSpan Connect), Lazy<HttpMessageInvoker>> _clients = [];

    public HttpMessageInvoker Get(string name, ProviderConfig provider) =>
        _clients.GetOrAdd((name, provider.ConnectTimeout), key => new(() => Create(key.Connect))).Value;

    public void Dispose()
    {
        foreach (var client in _clients.Values)
        {
            client.Value.Dispose();
        }
    }

    /// <summary>A request in the provider's version of HTTP, with the provider's key.</summary>
    public static HttpRequestMessage Request(HttpMethod method, ProviderConfig provider, string path)
    {
        var exact = provider.Http2 == Http2Use.PriorKnowledge;
        var request = new HttpRequestMessage(method, provider.BaseUrl!.TrimEnd('/') + path)
        {
            Version = HttpVersion.Version20,
            VersionPolicy = exact ? HttpVersionPolicy.RequestVersionExact : HttpVersionPolicy.RequestVersionOrLower,
        };
        if (provider.ApiKey is { HasValue: true } key)
        {
            var (name, value) = provider.KeyHeader(key.Reveal());
            request.Headers.TryAddWithoutValidation(name, value);
        }

        return request;
    }

    private static HttpMessageInvoker Create(TimeSpan connect) => new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        AutomaticDecompression = DecompressionMethods.None,
        ConnectTimeout = connect,
        EnableMultipleHttp2Connections = true,
        KeepAlivePingDelay = PingAfter,
        KeepAlivePingTimeout = PingTimeout,
        KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
        PooledConnectionLifetime = ConnectionLifetime,
        // An answer that nobody wants any more is not read to its end for the sake of the connection.
        MaxResponseDrainSize = 0,
        // A third party is told nothing of our traces and our callers' correlation IDs. The span is ours, not the client's.
        ActivityHeadersPropagator = null,
    });
}
