using System.Collections.Concurrent;
using CodeAgent.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace CodeAgent.SystemTests.Telemetry;

/// <summary>Receives OTLP over HTTP and keeps the spans and log lines.</summary>
internal sealed class OtlpReceiver : IAsyncDisposable
{
    private readonly WebApplication _app;

    private OtlpReceiver(WebApplication app) => _app = app;

    public ConcurrentQueue<Signal> Spans { get; } = new();

    public ConcurrentQueue<Signal> Logs { get; } = new();

    public string Url { get; private init; } = "";

    public static async Task<OtlpReceiver> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        var url = $"http://127.0.0.1:{FreePort.Next()}";
        builder.WebHost.UseUrls(url);
        var app = builder.Build();
        var receiver = new OtlpReceiver(app) { Url = url };
        app.MapPost("/v1/traces", (HttpRequest request) => KeepAsync(request, Otlp.ReadSpans, receiver.Spans));
        app.MapPost("/v1/logs", (HttpRequest request) => KeepAsync(request, Otlp.ReadLogs, receiver.Logs));
        app.MapPost("/v1/metrics", () => Results.Ok());
        await app.StartAsync();
        return receiver;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private static async Task<IResult> KeepAsync(HttpRequest request, Func<byte[], IReadOnlyList<Signal>> read, ConcurrentQueue<Signal> into)
    {
        using var body = new MemoryStream();
        await request.Body.CopyToAsync(body);
        foreach (var signal in read(body.ToArray()))
        {
            into.Enqueue(signal);
        }

        return Results.Ok();
    }
}
