using CodeAgent.Contracts;
using CodeAgent.Worker.Agents;

namespace CodeAgent.Worker.Leases;

/// <summary>The work of a lease, once the workspace stands: the steps of its pipeline, one after another, and the delivery. A task without a pipeline is one step.</summary>
/// <param name="lease">What is asked for, and where to go on from.</param>
/// <param name="agents">The agent with a name.</param>
/// <param name="place">Where it is done.</param>
/// <param name="board">Where people see how far it is.</param>
/// <param name="deliver">Delivers the tree: the summary, and when the agent was done.</param>
internal sealed class Attempt(
    Lease lease, Func<string, IAgent> agents, StepPlace place, WorkBoard board, Func<string?, DateTimeOffset, CancellationToken, Task<Delivery>> deliver)
{
    // What another try can put right. A provider that is away, for instance, would be away in the next step too.
    private static readonly string[] Forgivable = [FailureCodes.AgentFailed, FailureCodes.CheckFailed, FailureCodes.Stuck, FailureCodes.LimitReached];

    private readonly CheckpointState _before = CheckpointState.Of(lease.Checkpoint);
    private PipelineProgress _progress = new();
    private StepRun? _step;
    private AgentResult _result = new()
    {
        Turn = place.Session.Turn,
        MessagesSeen = lease.Checkpoint?.MessagesSeen ?? 0,
        Usage = place.Session.Usage,
    };

    private bool IsPipeline => lease.Steps.Count > 0;

    private bool IsLast => _progress.Step >= lease.Steps.Count - 1;

    /// <summary>Works to the end, which may be a failure, or to a question.</summary>
    public async Task<CompleteRequest> RunAsync(CancellationToken cancellationToken)
    {
        _progress = _before.Progress ?? new() { Usage = lease.Usage, Steps = [.. lease.Steps.Select(_ => new StepProgress())] };
        _result = _result with { State = _before.Agent, Summary = _before.Summary, Verdict = _before.Verdict, Reasons = _before.Reasons };
        try
        {
            return await WorkAsync(_before.FinishedAt, cancellationToken);
        }
        catch (TaskFailedException e)
        {
            return Ended(Outcome.Failed, e.Failure);
        }
    }

    // An agent that failed without a result may have stored turns before.
    private AgentResult WithStored(AgentResult result) => result.Turn >= place.Session.Turn ? result
        : result with { Turn = place.Session.Turn, Usage = place.Session.Usage };

    private CompleteRequest Ended(Outcome outcome, TaskFailure? failure)
    {
        var result = _step?.Result ?? _result;
        return new()
        {
            Outcome = outcome,
            Failure = failure,
            Question = outcome == Outcome.AwaitingInput ? result.Question : null,
            Summary = Summary(result),
            Checks = _step?.Checked ?? [],
            Turns = Math.Max(result.Turn, place.Session.Turn),
            Usage = result.Usage,
        };
    }

    private string? Summary(AgentResult result) => !IsPipeline ? result.Summary
        : lease.Steps.Zip(_progress.Steps).FirstOrDefault(step => step.First.Summarizes).Second?.Summary
            ?? _progress.Steps.LastOrDefault(step => step.Summary is not null)?.Summary ?? result.Summary;

    private async Task<CompleteRequest> WorkAsync(DateTimeOffset? finishedAt, CancellationToken cancellationToken)
    {
        while (true)
        {
            _step = await BeginAsync(finishedAt, cancellationToken);
            finishedAt = null;
            TaskFailure? failure = null;
            var end = StepEnd.Done;
            try
            {
                end = await _step.RunAsync(cancellationToken);
            }
            catch (TaskFailedException e) when (IsPipeline)
            {
                failure = e.Failure;
            }

            _result = WithStored(_step.Result);
            if (failure is { Code: FailureCodes.LimitReached } && !TaskIsOver())
            {
                failure = StepPrompt.LimitReached(lease.Steps[_progress.Step], _progress, _result) ?? failure;
            }

            if (end == StepEnd.Asks)
            {
                return Ended(Outcome.AwaitingInput, null);
            }

            if (failure is null && end == StepEnd.Done && IsLast)
            {
                await FinishAsync(StepProgress.Succeeded, null, null, cancellationToken);
                return Ended(Outcome.Succeeded, null) with { Delivery = await deliver(Summary(_result), _step.FinishedAt!.Value, cancellationToken) };
            }

            await GoOnAsync(await NextAsync(failure, end, cancellationToken), failure, cancellationToken);
        }
    }

    private async Task<StepRun> BeginAsync(DateTimeOffset? finishedAt, CancellationToken cancellationToken)
    {
        place.Session.Progress = IsPipeline ? _progress : null;
        var request = StepPrompt.Of(lease, _progress.Step, _progress);
        var step = IsPipeline ? lease.Steps[_progress.Step] : null;
        var agent = step is { Prompt: null } ? null : agents(request.Agent.Name);
        place.Session.DropsChanges = step is { Verdict: true, KeepsChanges: false };
        if (step is not null)
        {
            _progress = _progress.With(_progress.Step, one => one with { Status = StepProgress.Running });
            place.Session.Progress = _progress;
            await place.Session.ReportAsync(EventTypes.StepStarted,
                new { name = step.Name, agent = agent?.Name, place = _progress.Step + 1, of = lease.Steps.Count }, cancellationToken);
            await ShowAsync(cancellationToken);
        }

        return new(lease with { Request = request }, agent, place, IsLast, step?.Verdict ?? false) { Result = _result, FinishedAt = finishedAt };
    }

    // Where to go on after a step that is over. A failure that nothing can be done about ends the task.
    private async Task<int> NextAsync(TaskFailure? failure, StepEnd end, CancellationToken cancellationToken)
    {
        var step = lease.Steps[_progress.Step];
        if (end == StepEnd.Unread)
        {
            var reader = lease.Steps.Select((one, i) => one.Prompt is not null && agents(one.Agent.Name).TakesFeedback ? i : -1).Max();
            return reader >= 0 ? reader : throw new TaskFailedException(FailureCodes.WorkerError, "There are messages for the task, but none of its steps has an agent that reads them.");
        }

        if (failure is null)
        {
            var next = _progress.Step + 1;
            while (lease.Steps[next].When == StepWhen.Failure)
            {
                next++;
            }

            return next;
        }

        var back = step.OnFailure == StepFailure.Back && _progress.Steps[_progress.Step].Backs < step.AtMost;
        if (!Forgivable.Contains(failure.Code) || TaskIsOver() || !(back || step.OnFailure == StepFailure.Continue))
        {
            await FinishAsync(StepProgress.Failed, failure.Message, null, cancellationToken);
            var times = step.OnFailure == StepFailure.Back ? $"\nIt went back {_progress.Steps[_progress.Step].Backs} of {step.AtMost} times." : "";
            throw new TaskFailedException(failure.Code, $"In the step {step.Name}: {failure.Message}{times}");
        }

        return back ? Enumerable.Range(0, lease.Steps.Count).First(i => lease.Steps[i].Name == step.BackTo) : _progress.Step + 1;
    }

    private bool TaskIsOver() =>
        RunLimits.Reached(lease.Request.Limits, _result.Turn, _result.Usage, place.Time.GetUtcNow() >= place.Session.Deadline) is not null;

    private async Task GoOnAsync(int next, TaskFailure? failure, CancellationToken cancellationToken)
    {
        var step = lease.Steps[_progress.Step];
        await FinishAsync(failure is null ? StepProgress.Succeeded : StepProgress.Failed, failure?.Message, next == _progress.Step + 1 ? null : lease.Steps[next].Name, cancellationToken);

        // Steps that are gone back over are to be done again; one that is passed over is skipped.
        var from = _progress.Step;
        for (var i = Math.Min(next, from + 1); i <= Math.Max(next - 1, from); i++)
        {
            var skipped = i > from;
            _progress = _progress.With(i, one => skipped ? one with { Status = StepProgress.Skipped } : next <= from && i != from ? one with { Status = StepProgress.Pending } : one);
        }

        if (failure is not null && step.OnFailure == StepFailure.Back)
        {
            _progress = _progress.With(from, one => one with { Backs = one.Backs + 1 });
        }

        _progress = _progress with { Step = next, Turns = _result.Turn, Usage = _result.Usage, Feedback = failure is null ? null : _step?.Feedback ?? failure.Message };
        _result = new() { Turn = _result.Turn, MessagesSeen = _result.MessagesSeen, Usage = _result.Usage };
        place.Session.Progress = _progress;
        await place.Session.StoreProgressAsync(_result, cancellationToken);
        await place.Workspace.ResetAsync(await place.Session.TreeAsync(cancellationToken), cancellationToken);
    }

    private async Task FinishAsync(string status, string? reason, string? next, CancellationToken cancellationToken)
    {
        if (!IsPipeline)
        {
            return;
        }

        var summary = _result.Summary ?? _progress.Steps[_progress.Step].Summary;
        _progress = _progress.With(_progress.Step, one => one with { Status = status, Summary = summary });
        await place.Session.ReportAsync(EventTypes.StepFinished, new { name = lease.Steps[_progress.Step].Name, status, summary = _result.Summary, reason, next }, cancellationToken);
        await ShowAsync(cancellationToken);
    }

    private Task ShowAsync(CancellationToken cancellationToken) => board.StepsAsync(
        [.. lease.Steps.Zip(_progress.Steps).Select(step => new StepView(step.First.Name, step.Second.Status, step.Second.Summary is { } summary ? Middle.Cut(summary, 4_000) : null))], cancellationToken);
}
