using System.Diagnostics;
using System.Diagnostics.Metrics;
using CodeAgent.LlmGateway.Tests.Support;
using CodeAgent.Testing.Redis;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.Metrics.Testing;

namespace CodeAgent.LlmGateway.Tests.Telemetry;

public sealed class TelemetryTests(GarnetFixture redis)
{
    [Fact]
    public async Task A_call_leaves_a_span_metrics_and_a_line_of_the_log_without_what_was_said()
    {
        await using var upstream = await MockUpstream.StartAsync();
        upstream.Chat = http => http.Response.WriteAsync(ChatCalls.Answer);
        await using var gateway = await GatewayHost.StartAsync(redis.ConnectionString, upstream);
        var meters = gateway.Services.GetRequiredService<IMeterFactory>();
        using var durations = new MetricCollector<double>(meters, "CodeAgent", "gen_ai.client.operation.duration");
        using var first = new MetricCollector<double>(meters, "CodeAgent", "gen_ai.server.time_to_first_token");
        using var server = new MetricCollector<double>(meters, "CodeAgent", "gen_ai.server.request.duration");
        using var tokens = new MetricCollector<long>(meters, "CodeAgent", "gen_ai.client.token.usage");
        var (task, token) = await Tasks.LeaseAsync(redis.Client);
        var ended = new TaskCompletionSource<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "CodeAgent",
            ActivityStopped = span =>
            {
                if (Equals(span.GetTagItem("codeagent.task.id"), task.ToString()) && span.DisplayName.StartsWith("chat", StringComparison.Ordinal))
                {
                    ended.TrySetResult(span);
                }
            },
        };
        ActivitySource.AddActivityListener(listener);
        using var client = gateway.Client(token);

        var (response, _) = await client.AskAsync(ChatCalls.Plain);
        var span = await ended.Task.WaitAsync(TimeSpan.FromSeconds(5), TestContext.Current.CancellationToken);

        Assert.Equal(("chat mock-model", ActivityKind.Client), (span.DisplayName, span.Kind));
        Assert.Equal(response.Headers.GetValues("X-Correlation-Id").Single(), span.TraceId.ToHexString());
        var tags = span.TagObjects.ToDictionary(tag => tag.Key, tag => tag.Value);
        Assert.Equal(("chat", "mock", "upstream-model", "answering-model", 11L, 5L, 3L), (tags["gen_ai.operation.name"], tags["gen_ai.provider.name"],
            tags["gen_ai.request.model"], tags["gen_ai.response.model"], tags["gen_ai.usage.input_tokens"], tags["gen_ai.usage.output_tokens"], tags["gen_ai.usage.cache_read.input_tokens"]));

        Assert.Equal("127.0.0.1", tags["server.address"]);
        Assert.True(Assert.Single(durations.GetMeasurementSnapshot()).ContainsTags(new KeyValuePair<string, object?>("gen_ai.request.model", "upstream-model")));
        Assert.Single(first.GetMeasurementSnapshot());
        Assert.Single(server.GetMeasurementSnapshot());
        Assert.Equal((0L, 0L, 1, 0.000062), (tags["gen_ai.usage.cache_creation.input_tokens"], tags["gen_ai.usage.reasoning.output_tokens"], tags["codeagent.attempts"], tags["codeagent.cost_usd"]));
        Assert.Equal([("input", 11), ("output", 5)], tokens.GetMeasurementSnapshot().Select(m => ((string)m.Tags["gen_ai.token.type"]!, m.Value)));

        var line = Assert.Single(gateway.Logs.GetSnapshot(), line => line.Message.StartsWith("chat ", StringComparison.Ordinal));
        Assert.StartsWith($"chat mock-model by task {task}: 200 ok from mock/upstream-model, attempts 1, tokens 11 (3 cached) + 5, 0.000062 USD, first after ", line.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("yes", string.Join('\n', gateway.Logs.GetSnapshot().Select(l => l.Message)) + string.Join('\n', tags.Values), StringComparison.Ordinal);
    }
}
