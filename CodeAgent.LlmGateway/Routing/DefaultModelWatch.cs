using System.Threading.Channels;
using CodeAgent.LlmGateway.Configuration;
using CodeAgent.LlmGateway.Providers;
using CodeAgent.ServiceDefaults.Configuration;

namespace CodeAgent.LlmGateway.Routing;

/// <summary>Has the providers asked again from time to time, and says in the log which model is <c>default</c> whenever that changes.</summary>
internal sealed partial class DefaultModelWatch(
    ConfigFile<GatewayConfig> file, ProviderProbe probe, ModelCatalog catalog, TimeProvider time, ILogger<DefaultModelWatch> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(30);
    private string? _said;

    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        // Awaited, at most a second: the first requests must not find the simulator where there is a model.
        await RoundAsync(cancellationToken);
        await base.StartAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var rounds = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
        void Changed(GatewayConfig config) => rounds.Writer.TryWrite(true);
        file.Changed += Changed;
        try
        {
            using var timer = time.CreateTimer(_ => rounds.Writer.TryWrite(true), null, Interval, Interval);
            await foreach (var _ in rounds.Reader.ReadAllAsync(stoppingToken))
            {
                await RoundAsync(stoppingToken);
            }
        }
        finally
        {
            file.Changed -= Changed;
        }
    }

    private async Task RoundAsync(CancellationToken cancellationToken)
    {
        await probe.AskAsync(cancellationToken);
        var route = catalog.DefaultRoute();
        var now = route is null ? "nothing" : $"{route.Model} ({route.First})";
        if (now == _said)
        {
            return;
        }

        _said = now;
        if (route is null or { First.IsSimulator: true })
        {
            LogNoModel(now);
        }
        else
        {
            LogModel(now);
        }
    }

    [LoggerMessage(LogLevel.Information, "The model 'default' is {Model}")]
    private partial void LogModel(string model);

    [LoggerMessage(LogLevel.Warning, "No model is configured: 'default' is {Model}. Set OPENAI_API_KEY or ANTHROPIC_API_KEY, start Ollama, or name a provider in config/gateway.yaml")]
    private partial void LogNoModel(string model);
}
