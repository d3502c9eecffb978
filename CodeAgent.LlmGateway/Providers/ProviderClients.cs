using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography.X509Certificates;
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

    private readonly ConcurrentDictionary<(string Name, TimeSpan Connect, string? CaFile), Lazy<HttpMessageInvoker>> _clients = [];

    /// <exception cref="Exception">The file of its certificates is not good any more (<see cref="CertificateFile.IsOfFile"/>).</exception>
    public HttpMessageInvoker Get(string name, ProviderConfig provider)
    {
        var place = (name, provider.ConnectTimeout, provider.CaFile);
        var client = _clients.GetOrAdd(place, static key => new(() => Create(key.Connect, key.CaFile)));
        try
        {
            return client.Value;
        }
        catch (Exception e) when (CertificateFile.IsOfFile(e))
        {
            // Not kept: the file may be there again the next time.
            _clients.TryRemove(new(place, client));
            throw;
        }
    }

    public void Dispose()
    {
        foreach (var client in _clients.Values)
        {
            if (client.IsValueCreated)
            {
                client.Value.Dispose();
            }
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

    private static HttpMessageInvoker Create(TimeSpan connect, string? caFile) => new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        AutomaticDecompression = DecompressionMethods.None,
        ConnectTimeout = connect,
        SslOptions = caFile is null ? new() : new() { CertificateChainPolicy = Trust(caFile) },

        // While a connection is made, requests wait for it rather than each making its own; one more is made once its streams
        // are used up. So there are never more than the streams need.
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

    // Read when the first connection of a pool is made; the pool keeps it.
    private static X509ChainPolicy Trust(string caFile)
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.AddRange(CertificateFile.Load(caFile));
        return policy;
    }
}
