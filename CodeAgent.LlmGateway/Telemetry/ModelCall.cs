using System.Diagnostics;
using System.Globalization;
using System.Security.Claims;
using CodeAgent.LlmGateway.Calls;
using CodeAgent.LlmGateway.Protocols;
using CodeAgent.LlmGateway.Routing;
using CodeAgent.ServiceDefaults.Identity;
using CodeAgent.ServiceDefaults.Telemetry;

namespace CodeAgent.LlmGateway.Telemetry;

/// <summary>What there is to report of one request for a model: a span, the metrics, and a line of the log. Never what was said, unless <see cref="Content"/> is there.</summary>
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
    private ModelRequest? _request;

    public ModelCall(GatewayMetrics metrics, ILogger logger, ClaimsPrincipal caller)
    {
        (_metrics, _logger, _task) = (metrics, logger, caller.TaskToken()?.Task);
        _caller = (caller.Identity as CallerIdentity)?.Key?.Name ?? caller.Name();
        if (_task is { } id)
        {
            Activity.Current?.SetTag(CodeAgentTelemetry.TaskIdTag, id.ToString());
        }
    }

    /// <summary>What all attempts together cost, by the configured prices.</summary>
    public decimal Usd { get; set; }

    public int Status { get; set; }

    public bool Replayed { get; set; }

    /// <summary>Whether the answer came from the cache.</summary>
    public bool Cached { get; set; }

    public TokenUsage? Usage { get; set; }

    /// <summary>What all the attempts used; complete once the answer is through, or the caller is gone.</summary>
    public CallOutcome Outcome { get; set; } = CallOutcome.Nothing;

    /// <summary>The model that answered, as the provider names it.</summary>
    public string? ResponseModel { get; set; }

    /// <summary>What was said; null where nobody wants to know.</summary>
    public CallContent? Content { get; set; }

    /// <summary>Where the name leads.</summary>
    public ModelRoute? Route { get; set; }

    /// <summary>Who answers, as far as that is known.</summary>
    public Deployment? Deployment { get; private set; }

    /// <summary>What was asked is known.</summary>
    public void Asked(ModelRequest request) => _request = request;

    /// <summary>A provider is asked from here on.</summary>
    public void Asking(ModelRoute route, Deployment deployment, bool isStream)
    {
        Deployment = deployment;
        if (_asked)
        {
            // Another attempt of the same call.
            return;
        }

        _asked = true;
        if (!CodeAgentTelemetry.Source.HasListeners()
            || CodeAgentTelemetry.Source.StartActivity($"{OperationName} {route.Model}", ActivityKind.Client) is not { IsAllDataRequested: true } span)
        {
            return;
        }

        _span = span;
        span.SetTag("gen_ai.operation.name", OperationName).SetTag("gen_ai.provider.name", deployment.ProviderName)
            .SetTag("gen_ai.request.model", deployment.UpstreamModel).SetTag("gen_ai.request.stream", isStream)
            .SetTag("gen_ai.request.max_tokens", _request?.MaxOutputTokens).SetTag("server.address", deployment.Provider.Host());
        if (_task is { } id)
        {
            span.SetTag(CodeAgentTelemetry.TaskIdTag, id.ToString());
        }
    }

    /// <summary>This one's answer goes to the caller.</summary>
    public void Answering(Deployment deployment) => Deployment = deployment;

    /// <summary>A piece of the answer is there.</summary>
    public void Piece() => _first ??= Stopwatch.GetElapsedTime(_start);

    public void Failed(int status, string error) => (Status, _error) = (status, error);

    /// <summary>It ended with an error that nobody foresaw, unless it had failed before.</summary>
    public void Crashed(int status, string error)
    {
        if (_error is null)
        {
            Failed(status, error);
        }
    }

    public void Left() => Failed(ClientClosedRequest, "client_left");

    public void Dispose()
    {
        var elapsed = Stopwatch.GetElapsedTime(_start);
        var error = _error ?? (Status >= StatusCodes.Status400BadRequest ? Status.ToString(CultureInfo.InvariantCulture) : null);
        if (_asked)
        {
            Report(Route!, Deployment!, elapsed, error);
        }

        var outcome = Replayed ? "replayed" : Cached && error is null ? "cached" : error ?? "ok";
        LogCall(OperationName, _request?.Model ?? "", _caller, Status, outcome, Deployment?.ProviderName ?? "-", Deployment?.UpstreamModel ?? "-", Outcome.Attempts.Count,
            Usage?.Input ?? 0, Usage?.CachedInput ?? 0, Usage?.Output ?? 0, Usd, _first?.TotalMilliseconds ?? 0, elapsed.TotalMilliseconds);

        // Last, so that the line of the log is within it.
        _span?.Dispose();
    }

    private string OperationName => (_request?.Operation, _request?.Protocol) switch
    {
        (Operation.Embed, _) => "embeddings",
        (Operation.CountTokens, _) => "count_tokens",
        (_, Protocol.Gemini) => "generate_content",
        _ => "chat",
    };

    private void Report(ModelRoute route, Deployment deployment, TimeSpan elapsed, string? error)
    {
        if (_span is { } span)
        {
            span.SetTag("gen_ai.response.model", ResponseModel).SetTag("error.type", error)
                .SetTag("gen_ai.usage.input_tokens", Usage?.Input).SetTag("gen_ai.usage.output_tokens", Usage?.Output)
                .SetTag("gen_ai.usage.cache_read.input_tokens", Usage?.CachedInput).SetTag("gen_ai.usage.cache_creation.input_tokens", Usage?.CacheWrite)
                .SetTag("gen_ai.usage.reasoning.output_tokens", Usage?.Reasoning).SetTag("codeagent.attempts", Outcome.Attempts.Count)
                .SetTag("codeagent.cost_usd", (double)Usd);
            Content?.Tell(span);
            if (error is not null)
            {
                span.SetStatus(ActivityStatusCode.Error, error);
            }
        }

        // A caller can make up names behind a provider's; those must not make a series each.
        var model = route.IsListed ? deployment.UpstreamModel : $"{deployment.ProviderName}/*";
        _metrics.Record(new TagList
        {
            { "gen_ai.operation.name", OperationName }, { "gen_ai.provider.name", deployment.ProviderName }, { "gen_ai.request.model", model },
        }, new(elapsed, _first, Outcome.Answered?.Duration, _request?.IsStream == true, Usage, error));
    }

    [LoggerMessage(LogLevel.Information, "{Operation} {Model} by {Caller}: {Status} {Outcome} from {Provider}/{UpstreamModel}, attempts {Attempts}, tokens {Input} ({Cached} cached) + {Output}, {Usd} USD, first after {FirstMs:0.0} ms, all after {TotalMs:0.0} ms")]
    private partial void LogCall(string operation, string model, string caller, int status, string outcome, string provider, string upstreamModel, int attempts,
        long input, long cached, long output, decimal usd, double firstMs, double totalMs);
}
