using System.Diagnostics;
using CodeAgent.Contracts;
using CodeAgent.ServiceDefaults.Telemetry;
using CodeAgent.Worker.Api;

namespace CodeAgent.Worker.Leases;

/// <summary>Runs leases, each under the trace of the request that submitted its task.</summary>
internal sealed partial class LeaseRunner(LeaseServices services, WorkerMetrics metrics, ILogger<LeaseRunner> logger)
{
    private static readonly Func<ILogger, Guid, IDisposable?> TaskScope = LoggerMessage.DefineScope<Guid>("Task {TaskId}");

    /// <summary>The agents that this worker can run.</summary>
    public IReadOnlyList<string> Agents => [.. services.Agents.Select(agent => agent.Name).Where(services.Clis.Has)];

    /// <summary>Runs the lease; returns when it is over, however it ended.</summary>
    /// <param name="lease">The lease.</param>
    /// <param name="draining">Canceled when the worker is being stopped.</param>
    public async Task RunAsync(Lease lease, CancellationToken draining)
    {
        using var activity = Begin(lease);
        using var scope = TaskScope(logger, lease.TaskId);
        var start = services.Time.GetTimestamp();
        metrics.Began(lease.Request.Agent.Name);
        LogBegins(lease.Attempt, lease.Request.Agent.Name, lease.Checkpoint?.Turn ?? 0);
        var end = await EndAsync(lease, activity, draining);
        LogEnds(end, services.Time.GetElapsedTime(start).TotalSeconds);
        activity.SetTag("codeagent.lease.end", end);
        metrics.Ended(lease.Request.Agent.Name, end, services.Time.GetElapsedTime(start));
    }

    // Log lines name the trace, also where nobody collects traces.
    private static Activity Begin(Lease lease)
    {
        _ = ActivityContext.TryParse(lease.TraceParent, null, isRemote: true, out var parent);
        var activity = CodeAgentTelemetry.Source.StartActivity("task", ActivityKind.Consumer, parent)
            ?? new Activity("task").SetParentId(lease.TraceParent).Start();
        return activity.SetTag(CodeAgentTelemetry.TaskIdTag, lease.TaskId).SetTag("codeagent.task.attempt", lease.Attempt);
    }

    private async Task<string> EndAsync(Lease lease, Activity activity, CancellationToken draining)
    {
        try
        {
            return await new LeaseRun(lease, services, logger).RunAsync(draining);
        }
        catch (Exception e) when (e is LeaseLostException or OperationCanceledException)
        {
            LogLost(e.Message);
            return "lost";
        }
        catch (Exception e)
        {
            // The other leases of this worker go on. This one lapses, and the Api counts the attempt.
            activity.SetStatus(ActivityStatusCode.Error, e.Message);
            LogBroken(e);
            return "broken";
        }
    }

    [LoggerMessage(LogLevel.Information, "Attempt {Attempt} begins with the agent {Agent}, after turn {Turn}")]
    private partial void LogBegins(int attempt, string agent, int turn);

    [LoggerMessage(LogLevel.Information, "The lease ended: {End}, after {Seconds:0.0} s")]
    private partial void LogEnds(string end, double seconds);

    [LoggerMessage(LogLevel.Warning, "The lease ends without a word to the Api: {Reason}")]
    private partial void LogLost(string reason);

    [LoggerMessage(LogLevel.Error, "The lease could not be brought to its end")]
    private partial void LogBroken(Exception exception);
}
