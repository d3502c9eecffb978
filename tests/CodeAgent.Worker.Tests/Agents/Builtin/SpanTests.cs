using System.Collections.Concurrent;
using System.Diagnostics;
using CodeAgent.ServiceDefaults.Telemetry;

namespace CodeAgent.Worker.Tests.Agents.Builtin;

public sealed class SpanTests : IAsyncLifetime
{
    private AgentBench _bench = null!;

    public async ValueTask InitializeAsync() => _bench = await AgentBench.CreateAsync();

    public ValueTask DisposeAsync() => _bench.DisposeAsync();

    [Fact]
    public async Task Tools_and_model_calls_hang_under_their_turn()
    {
        using var root = new Activity("attempt").Start();
        var spans = new ConcurrentQueue<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == CodeAgentTelemetry.Name,
            Sample = (ref ActivityCreationOptions<ActivityContext> options) => options.Parent.TraceId == root.TraceId ? ActivitySamplingResult.AllDataAndRecorded : ActivitySamplingResult.None,
            ActivityStopped = spans.Enqueue,
        };
        ActivitySource.AddActivityListener(listener);
        _bench.Gateway.Calls(("list", new { }), ("read", new { path = "none" })).Say("Done.");

        await _bench.RunAsync();

        var turns = spans.Where(span => span.OperationName == "agent turn").ToList();
        Assert.Equal(["1", "2"], turns.Select(turn => turn.GetTagItem("codeagent.turn")?.ToString()));
        Assert.All(turns, turn => Assert.Equal(root.SpanId, turn.ParentSpanId));
        var first = spans.Where(span => span.ParentSpanId == turns[0].SpanId).ToDictionary(span => span.OperationName);
        Assert.Equal(["chat default", "tool list", "tool read"], first.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(ActivityStatusCode.Error, first["tool read"].Status);
        Assert.Equal(ActivityStatusCode.Unset, first["tool list"].Status);
        Assert.DoesNotContain(spans, span => span.TagObjects.Any(tag => tag.Value?.ToString()?.Contains("Do it.", StringComparison.Ordinal) == true));
    }
}
