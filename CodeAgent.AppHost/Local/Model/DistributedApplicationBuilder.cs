using CodeAgent.AppHost.Local;
using CodeAgent.AppHost.Run;
using Microsoft.Extensions.Logging.Console;

namespace Aspire.Hosting;

internal sealed class DistributedApplicationOptions
{
    public string[]? Args { get; init; }

    public bool AllowUnsecuredTransport { get; init; }

    public bool DisableDashboard { get; init; }
}

internal sealed class DistributedApplicationExecutionContext
{
    /// <summary>Never here: publishing is Aspire's.</summary>
    public bool IsPublishMode { get; }
}

internal interface IDistributedApplicationBuilder
{
    ConfigurationManager Configuration { get; }

    IServiceCollection Services { get; }

    DistributedApplicationExecutionContext ExecutionContext { get; }

    IResourceBuilder<T> AddResource<T>(T resource)
        where T : IResource;

    DistributedApplication Build();
}

internal sealed class DistributedApplicationBuilder : IDistributedApplicationBuilder
{
    private readonly HostApplicationBuilder _host;

    public DistributedApplicationBuilder(DistributedApplicationOptions options)
    {
        _host = Host.CreateApplicationBuilder(new HostApplicationBuilderSettings { Args = options.Args });
        _host.Logging.ClearProviders();
        _host.Logging.AddConsole(console => console.FormatterName = PlainFormatter.FormatterName).AddConsoleFormatter<PlainFormatter, ConsoleFormatterOptions>();
        // The rest is libraries; and what hinders the start is thrown as well.
        _host.Logging.SetMinimumLevel(LogLevel.Warning);
        _host.Logging.AddFilter("CodeAgent", LogLevel.Information);
        _host.Logging.AddFilter("Microsoft.Extensions.Hosting", LogLevel.None);
        _host.Services.AddSingleton(TimeProvider.System);
        _host.Services.AddHttpClient();
        _host.Services.AddSingleton<IRunningSystem, LocalSystem>();
        _host.Services.AddSingleton<Supervisor>();
        _host.Services.AddHostedService(services => services.GetRequiredService<Supervisor>());
    }

    public ConfigurationManager Configuration => _host.Configuration;

    public IServiceCollection Services => _host.Services;

    public DistributedApplicationExecutionContext ExecutionContext { get; } = new();

    public IResourceBuilder<T> AddResource<T>(T resource)
        where T : IResource
    {
        Services.AddSingleton(resource.GetType(), resource);
        return new ResourceBuilder<T>(resource);
    }

    public DistributedApplication Build() => new(_host.Build());
}

/// <summary>The running system.</summary>
internal sealed class DistributedApplication(IHost host) : IHost, IAsyncDisposable
{
    public IServiceProvider Services => host.Services;

    public static IDistributedApplicationBuilder CreateBuilder(DistributedApplicationOptions options) => new DistributedApplicationBuilder(options);

    public Task StartAsync(CancellationToken cancellationToken = default) => host.StartAsync(cancellationToken);

    public Task StopAsync(CancellationToken cancellationToken = default) => host.StopAsync(cancellationToken);

    public Task RunAsync(CancellationToken cancellationToken = default) => host.RunAsync(cancellationToken);

    public void Dispose() => host.Dispose();

    public async ValueTask DisposeAsync()
    {
        if (host is IAsyncDisposable disposable)
        {
            await disposable.DisposeAsync();
        }
    }
}
