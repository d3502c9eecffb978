using CodeAgent.Contracts;
using CodeAgent.ServiceDefaults.Telemetry;
using CodeAgent.Worker.Agents;
using CodeAgent.Worker.Approvals;
using CodeAgent.Worker.Checks;
using CodeAgent.Worker.Sandboxes;
using CodeAgent.Worker.Workspaces;

namespace CodeAgent.Worker.Leases;

/// <summary>How a step came to its end, if it did not fail.</summary>
internal enum StepEnd
{
    /// <summary>It is done; of the last step, nobody can write any more.</summary>
    Done,

    /// <summary>Its agent waits for a person.</summary>
    Asks,

    /// <summary>It is the last one and done, but there are messages that nobody in it can read.</summary>
    Unread,
}

/// <summary>Where the steps of an attempt are carried out.</summary>
/// <param name="Workspace">The files.</param>
/// <param name="Sandbox">Where programs run.</param>
/// <param name="Approvals">What the agent's tools may do.</param>
/// <param name="Session">To whom it is reported.</param>
/// <param name="Checks">Runs the checks.</param>
/// <param name="Time">The clock.</param>
internal sealed record StepPlace(Workspace Workspace, ISandbox Sandbox, ApprovalPolicy Approvals, LeaseSession Session, CheckRunner Checks, TimeProvider Time);

/// <summary>One step: its agent, and its checks, and what they and people say to the agent.</summary>
/// <param name="lease">The lease, with what this step asks for in place of the whole task.</param>
/// <param name="agent">Who does it; nobody where there are only checks.</param>
/// <param name="place">Where.</param>
/// <param name="last">Whether the delivery comes next.</param>
/// <param name="verdict">Whether the agent must say how it ended.</param>
internal sealed class StepRun(Lease lease, IAgent? agent, StepPlace place, bool last, bool verdict)
{
    private const int MostReminders = 2;
    private const int LongestOutput = 8_000;

    /// <summary>What the agent's last run gave.</summary>
    public required AgentResult Result { get; set; }

    /// <summary>When the agent was done; none while it is not.</summary>
    public DateTimeOffset? FinishedAt { get; set; }

    /// <summary>How the checks ended.</summary>
    public IReadOnlyList<CheckResult> Checked { get; private set; } = [];

    /// <summary>Why it failed, for an agent that is to put it right; none where the failure says it all.</summary>
    public string? Feedback { get; private set; }

    // An agent that takes no feedback is sent no messages.
    private IReadOnlyList<FollowUp> Unread => agent is { TakesFeedback: true } ? place.Session.MessagesAfter(Result.MessagesSeen) : [];

    // 1. the agent; 2. what people wrote meanwhile, to the agent; 3. its verdict; 4. the checks, and what they say to the agent;
    // 5. the end, unless somebody wrote before it. Where the agent asks, the rest is for the lease that comes with the answer.
    public async Task<StepEnd> RunAsync(CancellationToken cancellationToken)
    {
        if (FinishedAt is null)
        {
            await RunAgentAsync(null, cancellationToken);
        }

        string? failedTree = null;
        var reminders = 0;
        while (true)
        {
            if (Result.Question is { } question)
            {
                if (!await IsAnsweredAsync(question, cancellationToken))
                {
                    return StepEnd.Asks;
                }

                await RunAgentAsync(null, cancellationToken);
            }
            else if (Unread.Count > 0)
            {
                await RunAgainAsync(null, cancellationToken);
            }
            else if (verdict && Result.Verdict is null && reminders++ < MostReminders)
            {
                await RunAgainAsync("This ends with a verdict: call finish with verdict done, needs_work or failed, and with the reasons.", cancellationToken);
            }
            else if (BadVerdict() is { } bad)
            {
                throw new TaskFailedException(FailureCodes.AgentFailed, bad);
            }
            else if (await FailedCheckAsync(cancellationToken) is { } failed)
            {
                var tree = await place.Session.TreeAsync(cancellationToken);
                var exited = $"The check `{failed.Command}` exited with {failed.ExitCode}.";
                if (agent is not { TakesFeedback: true } || tree == failedTree)
                {
                    Feedback = failed.Output.Length == 0 ? exited : $"{exited} It printed:\n\n{Middle.Cut(failed.Output, LongestOutput)}";
                    throw new TaskFailedException(FailureCodes.CheckFailed, exited);
                }

                failedTree = tree;
                await RunAgainAsync($"{exited} It printed:\n\n{failed.Output}", cancellationToken);
            }
            else if (!last || await place.Session.CloseAsync(Result.MessagesSeen, cancellationToken))
            {
                return StepEnd.Done;
            }
            else if (agent is not { TakesFeedback: true })
            {
                return StepEnd.Unread;
            }
        }
    }

    private string? BadVerdict() => Result.Verdict switch
    {
        null when verdict => "The agent gave no verdict, though it was asked for one again: the argument 'verdict' of the tool finish.",
        null or AgentVerdict.Done => null,
        AgentVerdict.NeedsWork => $"The agent's verdict is that it needs work.{Reasons()}",
        _ => $"The agent's verdict is that it failed.{Reasons()}",
    };

    private string Reasons() => string.Concat((Result.Reasons.Count > 0 ? Result.Reasons : [Result.Summary ?? ""]).Where(reason => reason.Length > 0).Select(reason => $"\n- {reason}"));

    // What was written before the question could be seen may make it superfluous; it is no approval of anything, though.
    private async Task<bool> IsAnsweredAsync(Question question, CancellationToken cancellationToken)
    {
        await place.Session.RefreshAsync(cancellationToken);
        return Unread.Any(message => question.Approval is null || message.Answer?.Question == question.Id);
    }

    /// <summary>Runs the agent once more, with what the checks and people say to its work.</summary>
    private async Task RunAgainAsync(string? feedback, CancellationToken cancellationToken)
    {
        // The agent goes on from its own work, not from what the checks left lying about.
        await place.Workspace.ResetAsync(await place.Session.TreeAsync(cancellationToken), cancellationToken);
        var said = Unread;
        Result = Result with { MessagesSeen = said.Count > 0 ? said[^1].Number : Result.MessagesSeen };
        await RunAgentAsync(string.Join("\n\n", said.Select(message => message.Text).Prepend(feedback).OfType<string>()), cancellationToken);
    }

    private async Task RunAgentAsync(string? feedback, CancellationToken cancellationToken)
    {
        if (agent is null)
        {
            FinishedAt = place.Time.GetUtcNow();
            return;
        }

        using var activity = CodeAgentTelemetry.Source.StartActivity("agent");
        activity?.SetTag("codeagent.agent.name", agent.Name);
        var before = Result;
        place.Session.Begin();
        var result = await agent.RunAsync(new()
        {
            Lease = lease,
            Workspace = place.Workspace.Folder.Tree,
            Sandbox = place.Sandbox,
            Approvals = place.Approvals,
            Session = place.Session,
            Turn = before.Turn,
            State = before.State,
            MessagesSeen = before.MessagesSeen,
            Usage = before.Usage,
            Feedback = feedback,
        }, cancellationToken);
        Result = result with { MessagesSeen = Math.Max(before.MessagesSeen, result.MessagesSeen) };
        if (Result.Failure is { } failure)
        {
            throw new TaskFailedException(failure.Code, failure.Message);
        }

        FinishedAt = place.Time.GetUtcNow();
        if (Result.Question is null)
        {
            await place.Session.FinishAsync(Result, FinishedAt.Value, cancellationToken);
        }
    }

    private async Task<CheckResult?> FailedCheckAsync(CancellationToken cancellationToken)
    {
        Checked = await place.Checks.RunAsync(lease.TaskId, lease.Request, place.Workspace.Folder.Tree, place.Sandbox, place.Session, cancellationToken);
        return Checked.FirstOrDefault(check => check.ExitCode != 0);
    }
}
