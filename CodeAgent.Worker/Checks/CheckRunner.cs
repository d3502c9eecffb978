using CodeAgent.Contracts;
using CodeAgent.ServiceDefaults.Telemetry;
using CodeAgent.Worker.Agents;
using CodeAgent.Worker.Processes;
using CodeAgent.Worker.Sandboxes;

namespace CodeAgent.Worker.Checks;

/// <summary>Runs the checks of a task, one after another, up to the first that fails.</summary>
internal sealed class CheckRunner(TimeProvider time)
{
    private const int LongestOutput = 16_000;

    /// <summary>Runs them. The last result tells whether all passed.</summary>
    /// <exception cref="TaskFailedException">The task's time ran out.</exception>
    public async Task<IReadOnlyList<CheckResult>> RunAsync(Guid task, TaskRequest request, string workspace, ISandbox sandbox, IAgentSession session, CancellationToken cancellationToken)
    {
        var results = new List<CheckResult>();
        foreach (var command in request.Checks)
        {
            using var activity = CodeAgentTelemetry.Source.StartActivity("check");
            activity?.SetTag("codeagent.check.command", command);
            results.Add(await RunAsync(task, request, command, workspace, sandbox, session, cancellationToken));
            if (results[^1].ExitCode != 0)
            {
                break;
            }
        }

        return results;
    }

    private async Task<CheckResult> RunAsync(Guid task, TaskRequest request, string command, string workspace, ISandbox sandbox, IAgentSession session, CancellationToken cancellationToken)
    {
        await session.ReportAsync(EventTypes.CheckStarted, new { command }, cancellationToken);
        var left = session.Deadline - time.GetUtcNow();
        if (left <= TimeSpan.Zero)
        {
            throw OutOfTime(request, $"before the check `{command}` could run");
        }

        CommandResult result;
        await using (var output = new OutputReporter(session, time, cancellationToken))
        {
            result = await sandbox.RunAsync(new()
            {
                Script = command,
                Directory = workspace,
                TaskId = task,
                TimeLimit = left,
                OutputLimit = LongestOutput,
                OnOutput = output.WriteAsync,
            }, cancellationToken);
        }

        var check = new CheckResult { Command = command, ExitCode = result.ExitCode, Seconds = Math.Round(result.Took.TotalSeconds, 3), Output = result.Output };
        await session.ReportAsync(EventTypes.CheckFinished, check, cancellationToken);
        return result.TimedOut ? throw OutOfTime(request, $"while the check `{command}` ran") : check;
    }

    private static TaskFailedException OutOfTime(TaskRequest request, string when) =>
        new(FailureCodes.LimitReached, $"The limit of {request.Limits.Minutes} minutes was reached {when}.");
}
