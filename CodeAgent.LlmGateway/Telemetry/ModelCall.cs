using System.Diagnostics;
using System.Globalization;
using CodeAgent.LlmGateway.Protocols;
using CodeAgent.LlmGateway.Routing;
using CodeAgent.ServiceDefaults.Telemetry;

namespace CodeAgent.LlmGateway.Telemetry;

/// <summary>What there is to report of one request for a model: a span, the metrics, and a line of the log. Never what was said.</summary>
internal sealed partial class ModelCall : IDisposable
{
    private const int ClientClosedRequest = 499;
    private readonly GatewayMetrics _metrics;
    private readonly ILogger _logger;
    private readonly string _caller;
    private readonly Guid? _task;
    private readonly long _start = Stopwatch.GetTimestamp();
    private Activity? _span;
    private bool _asked;
    private TimeSpan? _first;
    private string? _error;

    public ModelCall(GatewayMetrics metrics, ILogger logger, string caller, Guid? task)
    {
        (_metrics, _logger, _caller, _task) = (metrics, logger, caller, task);
        if (task is { } id)
        {
            Activity.Current?.SetTag(CodeAgentTelemetry.TaskIdTag, id.ToString());
        }
    }

    /// <summary>The name that was asked for.</summary>
    public string Model { get; set; } = "";

    public int Status { get; set; }

    public bool Replayed { get; set; }

    public TokenUsage? Usage { get; set; }

    /// <summary>The model that answered, as the provider names it.</summary>
    public string? ResponseModel { get; set; }

    /// <summary>Where the name leads.</summary>
    public ModelRoute? Route { get; set; }

    /// <summary>Who answers, as far as that is known.</summary>
    public Deployment? Deployment { get; private set; }

    /// <summary>A provider is asked from here on.</summary>
    public void Asking(ModelRoute route, Deployment deployment, bool isStream)
    {
        Deployment = deployment;
        _asked = true;
        _span = CodeAgentTelemetry.Source.StartActivity($"chat {route.Model}", ActivityKind.Client);
        _span?.SetTag("gen_ai.operation.name", "chat").SetTag("gen_ai.provider.name", deployment.ProviderName)
            .SetTag("gen_ai.request.model", deployment.UpstreamModel).SetTag("gen_ai.request.stream", isStream)
            .SetTag("server.address", deployment.Provider.BaseUrl);
        if (_task is { } id)
        {
            _span?.SetTag(CodeAgentTelemetry.TaskIdTag, id.ToString());
        }
    }

    /// <summary>A piece of the answer is there.</summary>
    public void Piece() => _first ??= Stopwatch.GetElapsedTime(_start);

    public void Failed(int status, string error) => (Status, _error) = (status, error);

    public void Left() => Failed(ClientClosedRequest, "client_left");

    public void Dispose()
    {
        var elapsed = Stopwatch.GetElapsedTime(_start);
        var error = _error ?? (Status >= StatusCodes.Status400BadRequest ? Status.ToString(CultureInfo.InvariantCulture) : null);
        if (_asked)
        {
            Report(Route!, Deployment!, elapsed, error);
        }

        var outcome = Replayed ? "replayed" : error ?? "ok";
        LogCall(_caller, Model, Deployment?.ProviderName ?? "-", Deployment?.UpstreamModel ?? "-", Status, outcome, Usage?.Input ?? 0, Usage?.CachedInput ?? 0,
            Usage?.Output ?? 0, _first?.TotalMilliseconds ?? 0, elapsed.TotalMilliseconds);
    }

    private void Report(ModelRoute route, Deployment deployment, TimeSpan elapsed, string? error)
    {
        _span?.SetTag("gen_ai.response.model", ResponseModel).SetTag("error.type", error)
            .SetTag("gen_ai.usage.input_tokens", Usage?.Input).SetTag("gen_ai.usage.output_tokens", Usage?.Output)
            .SetTag("gen_ai.usage.cache_read.input_tokens", Usage?.CachedInput).SetTag("gen_ai.usage.reasoning.output_tokens", Usage?.Reasoning);
        if (error is not null)
        {
            _span?.SetStatus(ActivityStatusCode.Error, error);
        }

        _span?.Dispose();

        // A caller can make up names behind a provider's; those must not make a series each.
        var model = route.IsListed ? deployment.UpstreamModel : $"{deployment.ProviderName}/*";
        _metrics.Record(new TagList
        {
            { "gen_ai.operation.name", "chat" }, { "gen_ai.provider.name", deployment.ProviderName }, { "gen_ai.request.model", model },
        }, elapsed, _first, Usage, error);
    }

    [LoggerMessage(LogLevel.Information, "chat {Model} by {Caller}: {Status} {Outcome} from {Provider}/{UpstreamModel}, tokens {Input} ({Cached} cached) + {Output}, first after {FirstMs:0.0} ms, all after {TotalMs:0.0} ms")]
    private partial void LogCall(string caller, string model, string provider, string upstreamModel, int status, string outcome,
        long input, long cached, long output, double firstMs, double totalMs);
}
