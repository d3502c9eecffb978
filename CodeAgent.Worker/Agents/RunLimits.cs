using System.Globalization;
using CodeAgent.Contracts;

namespace CodeAgent.Worker.Agents;

/// <summary>Says whether a run may go on.</summary>
internal static class RunLimits
{
    /// <summary>The first limit that is used up; none where there is room on all of them.</summary>
    /// <param name="limits">What the task may use.</param>
    /// <param name="turns">Turns finished.</param>
    /// <param name="used">Tokens and money used.</param>
    /// <param name="timeIsUp">Whether its time is over.</param>
    public static TaskFailure? Reached(TaskLimits limits, int turns, Usage used, bool timeIsUp)
    {
        if (timeIsUp)
        {
            return Failure($"Its {limits.Minutes:N0} minutes are used up (limits.minutes), after {turns:N0} turns.");
        }

        if (turns >= limits.Turns)
        {
            return Failure($"Its {limits.Turns:N0} turns are used up (limits.turns).");
        }

        var tokens = used.InputTokens + used.OutputTokens;
        if (tokens >= limits.Tokens)
        {
            return Failure($"It used {tokens:N0} tokens of its {limits.Tokens:N0} (limits.tokens), in {turns:N0} turns.");
        }

        // A limit of nothing lets models without a price work.
        return used.CostUsd > 0 && used.CostUsd >= limits.CostUsd
            ? Failure($"It used {used.CostUsd:0.####} of its {limits.CostUsd:0.####} US dollars (limits.costUsd), in {turns:N0} turns.")
            : null;
    }

    private static TaskFailure Failure(FormattableString message) =>
        new(FailureCodes.LimitReached, message.ToString(CultureInfo.InvariantCulture));
}
