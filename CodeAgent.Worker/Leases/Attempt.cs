using CodeAgent.Contracts;
using CodeAgent.ServiceDefaults.Telemetry;
using CodeAgent.Worker.Agents;
using CodeAgent.Worker.Checks;
using CodeAgent.Worker.Sandboxes;
using CodeAgent.Worker.Workspaces;

namespace CodeAgent.Worker.Leases;

/// <summary>The work of a lease, once the workspace stands: the agent, the checks, and the delivery.</summary>
/// <param name="lease">What is asked for, and where to go on from.</param>
/// <param name="agent">Who does it.</param>
/// <param name="workspace">Where.</param>
/// <param name="sandbox">Where its programs run.</param>
/// <param name="session">To whom it is reported.</param>
/// <param name="checks">Runs the checks.</param>
/// <param name="deliver">Delivers a tree: the summary, and when the agent was done.</param>
/// <param name="time">The clock.</param>
internal sealed class Attempt(
    Lease lease, IAgent agent, Workspace workspace, ISandbox sandbox, LeaseSession session, CheckRunner checks,
    Func<string?, DateTimeOffset, CancellationToken, Task<Delivery>> deliver, TimeProvider time)
{
    private readonly CheckpointState _before = CheckpointState.Of(lease.Checkpoint);
    private AgentResult _result = new()
    {
        Turn = session.Turn,
        MessagesSeen = lease.Checkpoint?.MessagesSeen ?? 0,
        Usage = session.Usage,
    };

    private IReadOnlyList<CheckResult> _checked = [];

    /// <summary>Works to the end, which may be a failure.</summary>
    public async Task<CompleteRequest> RunAsync(CancellationToken cancellationToken)
    {
        _result = _result with { State = _before.Agent, Summary = _before.Summary };
        try
        {
            var delivery = await WorkAsync(cancellationToken);
            return Ended(Outcome.Succeeded, null) with { Delivery = delivery };
        }
        catch (TaskFailedException e)
        {
            return Ended(Outcome.Failed, e.Failure);
        }
    }

    private CompleteRequest Ended(Outcome outcome, TaskFailure? failure) => new()
    {
        Outcome = outcome,
        Failure = failure,
        Summary = _result.Summary,
        Checks = _checked,
        Turns = Math.Max(_result.Turn, session.Turn),
        Usage = _result.Usage,
    };

    private async Task<Delivery> WorkAsync(CancellationToken cancellationToken)
    {
        var finishedAt = _before.FinishedAt ?? await RunAgentAsync(null, cancellationToken);
        string? failedTree = null;
        while (await FailedCheckAsync(cancellationToken) is { } failed)
        {
            var tree = await session.TreeAsync(cancellationToken);
            if (!agent.TakesFeedback || tree == failedTree)
            {
                throw new TaskFailedException(FailureCodes.CheckFailed, $"The check `{failed.Command}` exited with {failed.ExitCode}.");
            }

            // The agent goes on from its own work, not from what the checks left lying about.
            failedTree = tree;
            await workspace.ResetAsync(tree, cancellationToken);
            finishedAt = await RunAgentAsync($"The check `{failed.Command}` exited with {failed.ExitCode}. It printed:\n\n{failed.Output}", cancellationToken);
        }

        return await deliver(_result.Summary, finishedAt, cancellationToken);
    }

    private async Task<DateTimeOffset> RunAgentAsync(string? feedback, CancellationToken cancellationToken)
    {
        using var activity = CodeAgentTelemetry.Source.StartActivity("agent");
        activity?.SetTag("codeagent.agent.name", agent.Name);
        _result = await agent.RunAsync(new()
        {
            Lease = lease,
            Workspace = workspace.Folder.Tree,
            Sandbox = sandbox,
            Session = session,
            Turn = _result.Turn,
            State = _result.State,
            MessagesSeen = _result.MessagesSeen,
            Usage = _result.Usage,
            Feedback = feedback,
        }, cancellationToken);
        if (_result.Failure is { } failure)
        {
            throw new TaskFailedException(failure.Code, failure.Message);
        }

        var finishedAt = time.GetUtcNow();
        await session.FinishAsync(_result, finishedAt, cancellationToken);
        return finishedAt;
    }

    private async Task<CheckResult?> FailedCheckAsync(CancellationToken cancellationToken)
    {
        _checked = await checks.RunAsync(lease.TaskId, lease.Request, workspace.Folder.Tree, sandbox, session, cancellationToken);
        return _checked.FirstOrDefault(check => check.ExitCode != 0);
    }
}
