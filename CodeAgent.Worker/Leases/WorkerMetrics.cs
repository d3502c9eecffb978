using System.Diagnostics.Metrics;
using CodeAgent.ServiceDefaults.Telemetry;

namespace CodeAgent.Worker.Leases;

/// <summary>What is counted of the leases.</summary>
internal sealed class WorkerMetrics(IMeterFactory meters)
{
    private readonly UpDownCounter<int> _running = meters.Create(CodeAgentTelemetry.Name)
        .CreateUpDownCounter<int>("codeagent.worker.leases.running", "{lease}", "Leases that the worker works on.");

    private readonly Histogram<double> _took = meters.Create(CodeAgentTelemetry.Name)
        .CreateHistogram<double>("codeagent.worker.lease.duration", "s", "How long leases took, by agent and by how they ended.",
            advice: new() { HistogramBucketBoundaries = [1, 5, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200] });

    public void Began(string agent) => _running.Add(1, new KeyValuePair<string, object?>("codeagent.agent.name", agent));

    public void Ended(string agent, string end, TimeSpan took)
    {
        _running.Add(-1, new KeyValuePair<string, object?>("codeagent.agent.name", agent));
        _took.Record(took.TotalSeconds, new("codeagent.agent.name", agent), new("codeagent.lease.end", end));
    }
}
