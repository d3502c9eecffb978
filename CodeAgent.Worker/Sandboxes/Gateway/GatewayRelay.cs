using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using CodeAgent.Worker.Agents.Builtin;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Options;
using Yarp.ReverseProxy.Forwarder;

namespace CodeAgent.Worker.Sandboxes.Gateway;

/// <summary>
/// The gateway, as programs of agents see it: its paths for models and nothing else, for a key that ends with the lease. The
/// lease's own token, which also opens the task at the Api, stays here. A server of its own, so that nothing else of the worker
/// can be reached through it.
/// </summary>
internal sealed class GatewayRelay(IHttpMessageHandlerFactory handlers, IOptions<BuiltinAgentOptions> options, ILoggerFactory loggers) : IHostedService, IAsyncDisposable
{
    /// <summary>Name of the HTTP client.</summary>
    public const string Name = "gateway-relay";

    // A model may think for long without a word; the agents' own limits are shorter.
    private static readonly ForwarderRequestConfig Patient = new() { ActivityTimeout = TimeSpan.FromHours(1), AllowResponseBuffering = false };

    private readonly ConcurrentDictionary<string, GatewayPass> _passes = new();
    private readonly GatewayTransformer _transformer = new();
    private readonly string _gateway = options.Value.Gateway.GetLeftPart(UriPartial.Authority) + Prefix(options.Value.Gateway.AbsolutePath);
    private WebApplication? _app;

    /// <summary>Where it listens: on this machine, at any free port.</summary>
    /// <exception cref="InvalidOperationException">It has not been started.</exception>
    public Uri Address => new(_app?.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.Single()
        ?? throw new InvalidOperationException("The relay has not been started."));

    /// <summary>Lets the programs of a lease through.</summary>
    public GatewayPass Open(string token, string traceParent)
    {
        var pass = new GatewayPass(token, traceParent, ended => _passes.TryRemove(Hash(ended.Key), out _));
        _passes[Hash(pass.Key)] = pass;
        return pass;
    }

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().UseUrls($"http://{IPAddress.Loopback}:0").ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Limits.MinRequestBodyDataRate = null;
            kestrel.Limits.MinResponseDataRate = null;
        });
        builder.Services.AddSingleton(loggers);
        builder.Services.AddHttpForwarder();
        _app = builder.Build();
        var forwarder = _app.Services.GetRequiredService<IHttpForwarder>();
        _app.Run(http => ForwardAsync(forwarder, http));
        await _app.StartAsync(cancellationToken);
    }

    public Task StopAsync(CancellationToken cancellationToken) => _app?.StopAsync(cancellationToken) ?? Task.CompletedTask;

    public ValueTask DisposeAsync() => _app?.DisposeAsync() ?? default;

    private async Task ForwardAsync(IHttpForwarder forwarder, HttpContext http)
    {
        if (GatewayTransformer.ReadKey(http.Request) is not { } key || !_passes.TryGetValue(Hash(key), out var pass))
        {
            await RefuseAsync(http, StatusCodes.Status401Unauthorized, "unauthorized", "This key opens nothing: it is not that of a lease, or its lease is over.");
            return;
        }

        if (!IsForModels(http.Request.Path))
        {
            await RefuseAsync(http, StatusCodes.Status404NotFound, "not-found", "Only the gateway's paths for models are open here: those below /v1/ and /v1beta/.");
            return;
        }

        http.Items[typeof(GatewayPass)] = pass;
        using var invoker = new HttpMessageInvoker(handlers.CreateHandler(Name), disposeHandler: false);
        await forwarder.SendAsync(http, _gateway, invoker, Patient, _transformer, pass.Ended);
    }

    private static bool IsForModels(PathString path) => (path.StartsWithSegments("/v1") || path.StartsWithSegments("/v1beta"))
        && !path.Value!.Contains("..", StringComparison.Ordinal) && !path.Value.Contains('\\', StringComparison.Ordinal);

    private static Task RefuseAsync(HttpContext http, int status, string type, string detail)
    {
        http.Response.StatusCode = status;
        return http.Response.WriteAsJsonAsync(new Refusal($"urn:codeagent:problem:{type}", status, detail), RelayJson.Default.Refusal, "application/problem+json");
    }

    // Agents say /v1 themselves.
    private static string Prefix(string path) => path.TrimEnd('/') is var prefix && prefix.EndsWith("/v1", StringComparison.Ordinal) ? prefix[..^"/v1".Length] : prefix;

    // Looked up by its hash, so that how long it takes tells nothing about the keys there are.
    private static string Hash(string key) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)));
}
