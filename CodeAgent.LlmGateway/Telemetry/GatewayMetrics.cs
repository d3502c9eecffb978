using System.Diagnostics;
using System.Diagnostics.Metrics;
using CodeAgent.LlmGateway.Protocols;
using CodeAgent.ServiceDefaults.Telemetry;

namespace CodeAgent.LlmGateway.Telemetry;

/// <summary>
/// The metrics of OpenTelemetry's conventions for generative AI, with the buckets that these name:
/// https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-metrics/
/// </summary>
internal sealed class GatewayMetrics
{
    private readonly Histogram<double> _duration;
    private readonly Histogram<double> _firstToken;
    private readonly Histogram<long> _tokens;

    public GatewayMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(CodeAgentTelemetry.Name);
        _duration = meter.CreateHistogram("gen_ai.client.operation.duration", "s", "Time a model took for an answer.", null,
            new InstrumentAdvice<double> { HistogramBucketBoundaries = [.. Enumerable.Range(0, 14).Select(i => 0.01 * Math.Pow(2, i))] });
        _firstToken = meter.CreateHistogram("gen_ai.server.time_to_first_token", "s", "Time until the first piece of an answer.", null,
            new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10] });
        _tokens = meter.CreateHistogram("gen_ai.client.token.usage", "{token}", "Tokens of an answer.", null,
            new InstrumentAdvice<long> { HistogramBucketBoundaries = [.. Enumerable.Range(0, 14).Select(i => 1L << (2 * i))] });
    }

    public void Record(TagList tags, TimeSpan duration, TimeSpan? firstToken, TokenUsage? usage, string? error)
    {
        if (usage is not null)
        {
            _tokens.Record(usage.Input, [.. tags, new("gen_ai.token.type", "input")]);
            _tokens.Record(usage.Output, [.. tags, new("gen_ai.token.type", "output")]);
        }

        if (firstToken is { } first)
        {
            _firstToken.Record(first.TotalSeconds, tags);
        }

        if (error is not null)
        {
            tags.Add("error.type", error);
        }

        _duration.Record(duration.TotalSeconds, tags);
    }
}
