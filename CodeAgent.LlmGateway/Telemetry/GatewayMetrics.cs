using System.Diagnostics;
using System.Diagnostics.Metrics;
using CodeAgent.LlmGateway.Protocols;
using CodeAgent.ServiceDefaults.Telemetry;

namespace CodeAgent.LlmGateway.Telemetry;

/// <summary>
/// The metrics of OpenTelemetry's conventions for generative AI, with the buckets that these name:
/// https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-metrics/. Those of a client are of the whole request as our caller
/// sees it; those of a server are of the deployment that answered.
/// </summary>
internal sealed class GatewayMetrics
{
    private readonly Histogram<double> _duration;
    private readonly Histogram<double> _serverDuration;
    private readonly Histogram<double> _firstToken;
    private readonly Histogram<double> _perToken;
    private readonly Histogram<long> _tokens;

    public GatewayMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(CodeAgentTelemetry.Name);
        double[] durations = [.. Enumerable.Range(0, 14).Select(i => 0.01 * Math.Pow(2, i))];
        _duration = Histogram("gen_ai.client.operation.duration", "Time a model took for an answer.", durations);
        _serverDuration = Histogram("gen_ai.server.request.duration", "Time the deployment that answered took for it.", durations);
        _firstToken = Histogram("gen_ai.server.time_to_first_token", "Time until the first piece of an answer.",
            [0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]);
        _perToken = Histogram("gen_ai.server.time_per_output_token", "Time for each token of a stream after the first.",
            [0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5]);
        _tokens = meter.CreateHistogram("gen_ai.client.token.usage", "{token}", "Tokens of an answer.", null,
            new InstrumentAdvice<long> { HistogramBucketBoundaries = [.. Enumerable.Range(0, 14).Select(i => 1L << (2 * i))] });

        Histogram<double> Histogram(string name, string description, double[] buckets) =>
            meter.CreateHistogram(name, "s", description, null, new InstrumentAdvice<double> { HistogramBucketBoundaries = buckets });
    }

    public void Record(TagList tags, in Measured call)
    {
        if (_tokens.Enabled && call.Usage is { } usage)
        {
            var (input, output) = (tags, tags);
            input.Add("gen_ai.token.type", "input");
            output.Add("gen_ai.token.type", "output");
            _tokens.Record(usage.Input, input);
            _tokens.Record(usage.Output, output);
        }

        if (call.FirstToken is { } first)
        {
            _firstToken.Record(first.TotalSeconds, tags);
            if (call is { IsStream: true, Usage.Output: > 1 })
            {
                _perToken.Record((call.Duration - first).TotalSeconds / (call.Usage.Output - 1), tags);
            }
        }

        if (call.Error is not null)
        {
            tags.Add("error.type", call.Error);
        }

        _duration.Record(call.Duration.TotalSeconds, tags);
        if (call.ServerDuration is { } server)
        {
            _serverDuration.Record(server.TotalSeconds, tags);
        }
    }
}

/// <summary>What was measured of a request.</summary>
/// <param name="Duration">As our caller saw it.</param>
/// <param name="FirstToken">Until the first piece of the answer.</param>
/// <param name="ServerDuration">Of the attempt that was the answer.</param>
/// <param name="IsStream">Whether it was streamed.</param>
/// <param name="Usage">What the answer used.</param>
/// <param name="Error">What went wrong.</param>
internal readonly record struct Measured(TimeSpan Duration, TimeSpan? FirstToken, TimeSpan? ServerDuration, bool IsStream, TokenUsage? Usage, string? Error);
