using System.Globalization;
using CodeAgent.Contracts;
using CodeAgent.Worker.Agents;
using static System.FormattableString;

namespace CodeAgent.Worker.Leases;

/// <summary>What a step asks for: the task with the step's prompt, agent, checks and limits in place of its own.</summary>
internal static class StepPrompt
{
    private const int LongestSummary = 8_000;

    /// <summary>The step's request. The same for each attempt.</summary>
    public static TaskRequest Of(Lease lease, int place, PipelineProgress progress)
    {
        if (lease.Steps.Count == 0)
        {
            return lease.Request;
        }

        var (task, step) = (lease.Request, lease.Steps[place]);
        return task with
        {
            Prompt = PromptTemplate.Render(step.Prompt ?? "", name => Value(lease, progress, name)),
            Agent = step.Agent,
            Checks = step.Checks,
            Limits = task.Limits with
            {
                Turns = Math.Min(task.Limits.Turns, progress.Turns + (step.Limits.Turns ?? task.Limits.Turns)),
                Tokens = Math.Min(task.Limits.Tokens, progress.Usage.InputTokens + progress.Usage.OutputTokens + (step.Limits.Tokens ?? task.Limits.Tokens)),
                CostUsd = Math.Min(task.Limits.CostUsd, progress.Usage.CostUsd + (step.Limits.CostUsd ?? task.Limits.CostUsd)),
            },
        };
    }

    /// <summary>The limit of the step itself that is used up, in its own numbers; none where it is another limit.</summary>
    public static TaskFailure? LimitReached(PipelineStep step, PipelineProgress began, AgentResult result)
    {
        var tokens = result.Usage.InputTokens + result.Usage.OutputTokens - began.Usage.InputTokens - began.Usage.OutputTokens;
        var limit = result.Turn - began.Turns >= step.Limits.Turns ? Invariant($"{step.Limits.Turns:N0} turns")
            : tokens >= step.Limits.Tokens ? Invariant($"{step.Limits.Tokens:N0} tokens")
            : result.Usage.CostUsd - began.Usage.CostUsd >= step.Limits.CostUsd ? Invariant($"{step.Limits.CostUsd:0.####} US dollars")
            : null;
        return limit is null ? null : new(FailureCodes.LimitReached,
            $"The step {step.Name} reached its own limit of {limit} before it was done{(step.Verdict ? ", and gave no verdict" : "")}.");
    }

    private static string Value(Lease lease, PipelineProgress progress, string name) => name switch
    {
        "prompt" => lease.Request.Prompt,
        "id" => lease.TaskId.ToString(),
        "date" => CreatedAt(lease.TaskId).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
        "checks" => string.Join('\n', lease.Request.Checks),
        "feedback" => progress.Feedback ?? "(nothing)",
        "steps" => string.Join("\n\n", lease.Steps.Zip(progress.Steps).Where(step => step.Second.Summary is not null).Select(step => $"{step.First.Name}: {Summary(step.Second)}")),
        _ => Summary(progress.Steps[lease.Steps.Select((step, i) => step.Name == name ? i : -1).Max()]),
    };

    private static string Summary(StepProgress step) => step.Summary is { } summary ? Middle.Cut(summary, LongestSummary) : "(nothing yet)";

    // An id's first 48 bits are the millisecond at which the task was submitted.
    private static DateTimeOffset CreatedAt(Guid id) =>
        DateTimeOffset.FromUnixTimeMilliseconds(long.Parse(id.ToString("N").AsSpan(0, 12), NumberStyles.HexNumber, CultureInfo.InvariantCulture));
}
