using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace CodeAgent.LlmGateway.Tests.Support;

/// <summary>A provider that does what the test says, and notes what it was sent.</summary>
internal sealed class MockUpstream : IAsyncDisposable
{
    /// <summary>What the request said, in <see cref="HttpContext.Items"/>.</summary>
    public const string BodyItem = "body";

    private readonly WebApplication _app;

    private MockUpstream(WebApplication app) => _app = app;

    /// <summary>What is done with a request for a model; 500 until the test says so.</summary>
    public RequestDelegate Chat { get; set; } = http =>
    {
        http.Response.StatusCode = StatusCodes.Status500InternalServerError;
        return Task.CompletedTask;
    };

    /// <summary>The models it lists.</summary>
    public string[] Models { get; set; } = ["first-model", "second-model"];

    /// <summary>Lists its models in a form of its own.</summary>
    public RequestDelegate? List { get; set; }

    public ConcurrentQueue<SentRequest> Requests { get; } = [];

    public ConcurrentDictionary<string, bool> Connections { get; } = [];

    /// <summary>How many chat completions were broken off by whoever asked.</summary>
    public int Aborted;

    public string BaseUrl => _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First() + "/v1";

    public static async Task<MockUpstream> StartAsync(HttpProtocols protocols = HttpProtocols.Http1, int port = 0, int? streams = null, System.Security.Cryptography.X509Certificates.X509Certificate2? certificate = null)
    {
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.Http2.MaxStreamsPerConnection = streams ?? kestrel.Limits.Http2.MaxStreamsPerConnection;
            kestrel.Listen(IPAddress.Loopback, port, listen =>
            {
                listen.Protocols = protocols;
                if (certificate is not null)
                {
                    listen.UseHttps(certificate);
                }
            });
        });
        if (certificate is not null)
        {
            builder.WebHost.UseKestrelHttpsConfiguration();
        }

        builder.Services.AddRoutingCore();
        var app = builder.Build();
        var mock = new MockUpstream(app);
        app.UseRouting();
        app.MapGet("/v1/models", (HttpContext http) => mock.List is { } list ? list(http) : http.Response.WriteAsync(
            $$"""{"object":"list","data":[{{string.Join(',', mock.Models.Select(id => $$"""{"id":"{{id}}","object":"model"}"""))}}]}"""));
        app.MapPost("/{**path}", mock.AnswerAsync);
        await app.StartAsync();
        return mock;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task AnswerAsync(HttpContext http)
    {
        using var body = new MemoryStream();
        await http.Request.Body.CopyToAsync(body);
        http.Items[BodyItem] = body.ToArray();
        Connections[http.Connection.Id] = true;
        Requests.Enqueue(new(http.Request.Protocol, http.Request.Headers.ToDictionary(h => h.Key, h => h.Value.ToString(), StringComparer.OrdinalIgnoreCase), body.ToArray())
        {
            Target = http.Request.Path + http.Request.QueryString,
        });
        try
        {
            await Chat(http);
        }
        catch (OperationCanceledException)
        {
            Interlocked.Increment(ref Aborted);
        }
    }
}

internal sealed record SentRequest(string Protocol, Dictionary<string, string> Headers, byte[] Body)
{
    /// <summary>The path and the query.</summary>
    public required string Target { get; init; }
}
