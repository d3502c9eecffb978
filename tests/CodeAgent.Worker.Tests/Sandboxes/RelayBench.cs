using System.Collections.Concurrent;
using CodeAgent.Testing;
using CodeAgent.Worker.Agents.Builtin;
using CodeAgent.Worker.Sandboxes;
using CodeAgent.Worker.Sandboxes.Gateway;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace CodeAgent.Worker.Tests.Sandboxes;

/// <summary>The relay of a worker before a gateway that does what a test says.</summary>
internal sealed class RelayBench : IAsyncDisposable
{
    private readonly WebApplication _gateway;
    private readonly ServiceProvider _services;

    private RelayBench(WebApplication gateway, ServiceProvider services) => (_gateway, _services) = (gateway, services);

    /// <summary>What the gateway was asked.</summary>
    public ConcurrentQueue<(string Target, Dictionary<string, string> Headers, string Body)> Asked { get; } = new();

    /// <summary>What the gateway answers; <c>ok</c> where nothing is said.</summary>
    public Func<HttpContext, Task> Answer { get; set; } = http => http.Response.WriteAsync("ok");

    public GatewayRelay Relay => _services.GetRequiredService<GatewayRelay>();

    public HttpClient Client { get; } = new();

    public static async Task<RelayBench> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        var url = $"http://127.0.0.1:{FreePort.Next()}";
        builder.WebHost.UseUrls(url).ConfigureKestrel(kestrel => kestrel.Limits.MaxRequestBodySize = null);
        var gateway = builder.Build();
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddSandboxes();
        services.Configure<BuiltinAgentOptions>(options => options.Gateway = new(url + "/v1"));
        var bench = new RelayBench(gateway, services.BuildServiceProvider());
        gateway.Run(bench.AnswerAsync);
        await gateway.StartAsync(TestContext.Current.CancellationToken);
        await bench.Relay.StartAsync(TestContext.Current.CancellationToken);
        bench.Client.BaseAddress = bench.Relay.Address;
        return bench;
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await Relay.StopAsync(CancellationToken.None);
        await _services.DisposeAsync();
        await _gateway.StopAsync(CancellationToken.None);
        await _gateway.DisposeAsync();
    }

    private async Task AnswerAsync(HttpContext http)
    {
        using var reader = new StreamReader(http.Request.Body, leaveOpen: true);
        var body = await reader.ReadToEndAsync(http.RequestAborted);
        Asked.Enqueue(($"{http.Request.Method} {http.Request.Path}{http.Request.QueryString}",
            http.Request.Headers.ToDictionary(header => header.Key, header => header.Value.ToString(), StringComparer.OrdinalIgnoreCase), body));
        await Answer(http);
    }
}
