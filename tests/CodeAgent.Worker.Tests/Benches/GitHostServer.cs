using System.Collections.Concurrent;
using CodeAgent.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;

namespace CodeAgent.Worker.Tests.Benches;

/// <summary>The API of a git host: what a test maps onto it.</summary>
internal sealed class GitHostServer : IAsyncDisposable
{
    private WebApplication? _app;

    public string Url { get; } = $"http://127.0.0.1:{FreePort.Next()}/api/v9";

    /// <summary>What was asked for, in order: <c>POST /app/…</c>.</summary>
    public ConcurrentQueue<string> Requests { get; } = new();

    public static async Task<GitHostServer> StartAsync(Action<RouteGroupBuilder> map)
    {
        var server = new GitHostServer();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls(new Uri(server.Url).GetLeftPart(UriPartial.Authority));
        server._app = builder.Build();
        server._app.Use(async (http, next) =>
        {
            server.Requests.Enqueue($"{http.Request.Method} {http.Request.Path.Value!["/api/v9".Length..]}{http.Request.QueryString}");
            await next(http);
        });
        map(server._app.MapGroup("/api/v9"));
        await server._app.StartAsync(TestContext.Current.CancellationToken);
        return server;
    }

    public async ValueTask DisposeAsync()
    {
        if (_app is not null)
        {
            await _app.StopAsync(CancellationToken.None);
            await _app.DisposeAsync();
        }
    }
}
