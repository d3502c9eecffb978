using CodeAgent.Contracts;
using CodeAgent.ServiceDefaults.Telemetry;
using CodeAgent.Worker.Agents;
using CodeAgent.Worker.Approvals;
using CodeAgent.Worker.Checks;
using CodeAgent.Worker.Sandboxes;
using CodeAgent.Worker.Workspaces;

namespace CodeAgent.Worker.Leases;

/// <summary>The work of a lease, once the workspace stands: the agent, the checks, and the delivery.</summary>
/// <param name="lease">What is asked for, and where to go on from.</param>
/// <param name="agent">Who does it.</param>
/// <param name="workspace">Where.</param>
/// <param name="sandbox">Where its programs run.</param>
/// <param name="approvals">What its tools may do.</param>
/// <param name="session">To whom it is reported.</param>
/// <param name="checks">Runs the checks.</param>
/// <param name="deliver">Delivers a tree: the summary, and when the agent was done.</param>
/// <param name="time">The clock.</param>
internal sealed class Attempt(
    Lease lease, IAgent agent, Workspace workspace, ISandbox sandbox, ApprovalPolicy approvals, LeaseSession session, CheckRunner checks,
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

    /// <summary>Works to the end, which may be a failure, or to a question.</summary>
    public async Task<CompleteRequest> RunAsync(CancellationToken cancellationToken)
    {
        _result = _result with { State = _before.Agent, Summary = _before.Summary };
        try
        {
            return await WorkAsync(cancellationToken);
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

    // 1. the agent; 2. what people wrote meanwhile, to the agent; 3. the checks, and what they say to the agent; 4. the delivery,
    // unless somebody wrote before it began. Where the agent asks, the rest is for the lease that comes with the answer.
    private async Task<CompleteRequest> WorkAsync(CancellationToken cancellationToken)
    {
        var finishedAt = _before.FinishedAt ?? await RunAgentAsync(null, cancellationToken);
        string? failedTree = null;
        while (true)
        {
            if (_result.Question is { } question)
            {
                if (!await IsAnsweredAsync(question, cancellationToken))
                {
                    return Ended(Outcome.AwaitingInput, null) with { Question = question };
                }

                finishedAt = await RunAgentAsync(null, cancellationToken);
            }
            else if (Unread.Count > 0)
            {
                finishedAt = await RunAgainAsync(null, cancellationToken);
            }
            else if (await FailedCheckAsync(cancellationToken) is { } failed)
            {
                var tree = await session.TreeAsync(cancellationToken);
                if (!agent.TakesFeedback || tree == failedTree)
                {
                    throw new TaskFailedException(FailureCodes.CheckFailed, $"The check `{failed.Command}` exited with {failed.ExitCode}.");
                }

                failedTree = tree;
                finishedAt = await RunAgainAsync($"The check `{failed.Command}` exited with {failed.ExitCode}. It printed:\n\n{failed.Output}", cancellationToken);
            }
            else if (await session.CloseAsync(_result.MessagesSeen, cancellationToken))
            {
                return Ended(Outcome.Succeeded, null) with { Delivery = await deliver(_result.Summary, finishedAt, cancellationToken) };
            }
        }
    }

    // An agent that takes no feedback is sent no messages.
    private IReadOnlyList<FollowUp> Unread => agent.TakesFeedback ? session.MessagesAfter(_result.MessagesSeen) : [];

    // What was written before the question could be seen may make it superfluous; it is no approval of anything, though.
    private async Task<bool> IsAnsweredAsync(Question question, CancellationToken cancellationToken)
    {
        await session.RefreshAsync(cancellationToken);
        return Unread.Any(message => question.Approval is null || message.Answer?.Question == question.Id);
    }

    /// <summary>Runs the agent once more, with what the checks and people say to its work.</summary>
    private async Task<DateTimeOffset> RunAgainAsync(string? feedback, CancellationToken cancellationToken)
    {
        // The agent goes on from its own work, not from what the checks left lying about.
        await workspace.ResetAsync(await session.TreeAsync(cancellationToken), cancellationToken);
        var said = Unread;
        _result = _result with { MessagesSeen = said.Count > 0 ? said[^1].Number : _result.MessagesSeen };
        return await RunAgentAsync(string.Join("\n\n", said.Select(message => message.Text).Prepend(feedback).OfType<string>()), cancellationToken);
    }

    private async Task<DateTimeOffset> RunAgentAsync(string? feedback, CancellationToken cancellationToken)
    {
        using var activity = CodeAgentTelemetry.Source.StartActivity("agent");
        activity?.SetTag("codeagent.agent.name", agent.Name);
        var before = _result;
        var result = await agent.RunAsync(new()
        {
            Lease = lease,
            Workspace = workspace.Folder.Tree,
            Sandbox = sandbox,
            Approvals = approvals,
            Session = session,
            Turn = before.Turn,
            State = before.State,
            MessagesSeen = before.MessagesSeen,
            Usage = before.Usage,
            Feedback = feedback,
        }, cancellationToken);
        _result = result with { MessagesSeen = Math.Max(before.MessagesSeen, result.MessagesSeen) };
        if (_result.Failure is { } failure)
        {
            throw new TaskFailedException(failure.Code, failure.Message);
        }

        var finishedAt = time.GetUtcNow();
        if (_result.Question is null)
        {
            await session.FinishAsync(_result, finishedAt, cancellationToken);
        }

        return finishedAt;
    }

    private async Task<CheckResult?> FailedCheckAsync(CancellationToken cancellationToken)
    {
        _checked = await checks.RunAsync(lease.TaskId, lease.Request, workspace.Folder.Tree, sandbox, session, cancellationToken);
        return _checked.FirstOrDefault(check => check.ExitCode != 0);
    }
}
