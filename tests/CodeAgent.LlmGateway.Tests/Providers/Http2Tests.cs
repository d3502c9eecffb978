using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using CodeAgent.LlmGateway.Tests.Support;
using CodeAgent.Testing.Redis;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace CodeAgent.LlmGateway.Tests.Providers;

public sealed class Http2Tests(GarnetFixture redis) : IDisposable
{
    private readonly string _caFile = Path.Combine(Path.GetTempPath(), $"ca-{Guid.NewGuid():N}.pem");

    public void Dispose() => File.Delete(_caFile);

    [Theory]
    [InlineData(100, true)]
    [InlineData(100, false)]
    [InlineData(60, true)]
    [InlineData(60, false)]
    public async Task Many_requests_at_once_use_no_more_connections_than_their_streams_need(int streams, bool isTls)
    {
        const int Callers = 500;
        var all = new TaskCompletionSource();
        var waiting = 0;
        await using var upstream = await MockUpstream.StartAsync(HttpProtocols.Http2, streams: streams, certificate: isTls ? await CertificateAsync() : null);
        upstream.Chat = async http =>
        {
            if (Interlocked.Increment(ref waiting) == Callers)
            {
                all.SetResult();
            }

            await all.Task.WaitAsync(TimeSpan.FromSeconds(45), http.RequestAborted);
            await http.Response.WriteAsync(ChatCalls.Answer);
        };
        await using var gateway = await GatewayHost.StartAsync(redis.ConnectionString, upstream, isTls ? $", caFile: {_caFile}" : ", http2: priorKnowledge");
        using var client = gateway.Client();
        client.Timeout = TimeSpan.FromSeconds(60);

        var answers = await Task.WhenAll(Enumerable.Range(0, Callers).Select(_ => client.AskAsync(ChatCalls.Plain)));

        Assert.All(answers, answer => Assert.Equal(ChatCalls.Answer, answer.Body));
        Assert.All(upstream.Requests, request => Assert.Equal("HTTP/2", request.Protocol));
        // One more at most: SocketsHttpHandler may begin a connection for those that wait while it still gives them the streams of the last one.
        Assert.InRange(upstream.Connections.Count, 1, ((Callers + streams - 1) / streams) + 1);
    }

    [Fact]
    public async Task Where_TLS_agrees_on_nothing_newer_it_is_HTTP_1()
    {
        await using var upstream = await MockUpstream.StartAsync(HttpProtocols.Http1, certificate: await CertificateAsync());
        upstream.Chat = Upstreams.Answers("yes");
        await using var gateway = await GatewayHost.StartAsync(redis.ConnectionString, upstream, $", caFile: {_caFile}");
        using var client = gateway.Client();

        Assert.Equal(HttpStatusCode.OK, (await client.AskAsync(ChatCalls.Plain)).Response.StatusCode);
        Assert.Equal("HTTP/1.1", upstream.Requests.Single().Protocol);
    }

    [Fact]
    public async Task A_certificate_of_nobody_that_is_trusted_is_refused()
    {
        await using var upstream = await MockUpstream.StartAsync(HttpProtocols.Http1, certificate: await CertificateAsync());
        upstream.Chat = Upstreams.Answers("yes");
        await using var gateway = await GatewayHost.StartAsync(redis.ConnectionString, upstream, ", maxRetries: 0");
        using var client = gateway.Client();

        var (response, body) = await client.AskAsync(ChatCalls.Plain);

        Assert.Equal(HttpStatusCode.BadGateway, response.StatusCode);
        Assert.Contains("TLS failed", body, StringComparison.Ordinal);
        Assert.Empty(upstream.Requests);
    }

    // An authority of the test's own, and a certificate of it for 127.0.0.1.
    private async Task<X509Certificate2> CertificateAsync()
    {
        var now = TimeProvider.System.GetUtcNow();
        using var caKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var caRequest = new CertificateRequest("CN=Test authority", caKey, HashAlgorithmName.SHA256);
        caRequest.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        caRequest.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        using var ca = caRequest.CreateSelfSigned(now.AddHours(-1), now.AddHours(2));
        await File.WriteAllTextAsync(_caFile, ca.ExportCertificatePem(), TestContext.Current.CancellationToken);

        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=127.0.0.1", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        using var certificate = request.Create(ca, now.AddHours(-1), now.AddHours(1), [1, 2, 3, 4]);
        using var withKey = certificate.CopyWithPrivateKey(key);
        return X509CertificateLoader.LoadPkcs12(withKey.Export(X509ContentType.Pfx), null);
    }
}
