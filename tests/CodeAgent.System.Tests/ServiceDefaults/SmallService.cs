using CodeAgent.ServiceDefaults;
using CodeAgent.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace CodeAgent.SystemTests.ServiceDefaults;

/// <summary>A service with nothing but the service defaults and what a test maps.</summary>
internal sealed class SmallService : IAsyncDisposable
{
    private readonly WebApplication _app;

    private SmallService(WebApplication app, HttpClient client) => (_app, Client) = (app, client);

    public HttpClient Client { get; }

    public CancellationToken Stopping => _app.Lifetime.ApplicationStopping;

    public static Task<SmallService> StartAsync(Action<WebApplication> map, params string[] settings) => StartAsync(map, _ => { }, settings);

    public static async Task<SmallService> StartAsync(Action<WebApplication> map, Action<IServiceCollection> add, params string[] settings)
    {
        var builder = WebApplication.CreateBuilder(settings);
        builder.WebHost.UseUrls($"http://127.0.0.1:{FreePort.Next()}");
        builder.AddServiceDefaults();
        builder.Logging.ClearProviders();
        add(builder.Services);
        var app = builder.Build();
        app.UseServiceDefaults();
        app.MapDefaultEndpoints();
        map(app);
        await app.StartAsync();
        // The tests write the trace headers themselves.
        var handler = new SocketsHttpHandler { ActivityHeadersPropagator = null };
        return new(app, new(handler) { BaseAddress = new(app.Urls.Single()) });
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
    }
}
