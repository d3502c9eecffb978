using CodeAgent.SystemTests.Running;
using CodeAgent.Testing;
using TaskStatus = CodeAgent.Contracts.TaskStatus;

namespace CodeAgent.SystemTests.Telemetry;

public sealed class TraceTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);
    private static readonly string[] Services = ["api", "llm-gateway", "worker"];

    [Fact]
    public async Task A_task_is_one_trace_over_all_three_services_and_every_log_line_about_it_carries_its_id()
    {
        await using var receiver = await OtlpReceiver.StartAsync();
        await using var system = await RunningSystem.StartAsync(new Dictionary<string, string>
        {
            ["OTEL_EXPORTER_OTLP_ENDPOINT"] = receiver.Url,
            ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
            ["OTEL_BSP_SCHEDULE_DELAY"] = "200",
            ["OTEL_BLRP_SCHEDULE_DELAY"] = "200",
        });

        var (id, correlation) = await system.Api.SubmitAsync(Simulated.Task(
            Simulated.Call("write", new { path = "a.txt", content = "a" }),
            Simulated.Call("run", new { command = "cat a.txt" }),
            Simulated.Call("finish", new { summary = "Done." })));
        var task = await system.Api.FinalAsync(id, Limit);
        Assert.True(task.Status == TaskStatus.Succeeded, task.Failure?.ToString());
        Assert.Equal(correlation, task.CorrelationId);

        // Every service sends its own spans, and the parent often comes after the child: what is read is complete when no parent is missing.
        var spans = await Eventually.GetAsync(() =>
        {
            var trace = receiver.Spans.Where(s => s.TraceId == correlation).ToList();
            var isComplete = Services.All(service => trace.Exists(s => s.Service == service)) && trace.Exists(s => s.Text == "task")
                && trace.TrueForAll(s => s.Parent.Length == 0 || trace.Exists(parent => parent.SpanId == s.Parent));
            return Task.FromResult(isComplete ? trace : null);
        }, Limit, "all three services have sent their spans, and the parent of each");

        // One tree, with one root.
        var root = Assert.Single(spans, s => s.Parent.Length == 0);
        Assert.Equal(("api", "POST /v1/tasks"), (root.Service, root.Text));
        Assert.Equal(3, spans.Count(s => s.Text == "agent turn"));
        Assert.Contains(spans, s => s is { Service: "llm-gateway", Text: "chat simulator" });
        Assert.All(new[] { "tool write", "tool run", "tool finish" }, name => Assert.Contains(spans, s => s.Service == "worker" && s.Text == name));

        // Every line that speaks of the task belongs to its trace, and all three services have such lines.
        var lines = receiver.Logs.Where(l => l.TraceId == correlation || Mentions(l, id)).ToList();
        Assert.All(lines, line => Assert.Equal(correlation, line.TraceId));
        Assert.Equal(Services, lines.Select(l => l.Service).Distinct().Order());
    }

    private static bool Mentions(Signal line, Guid id) =>
        line.Text.Contains(id.ToString(), StringComparison.OrdinalIgnoreCase)
        || line.Attributes.Values.Any(value => value.Contains(id.ToString(), StringComparison.OrdinalIgnoreCase));
}
