using CodeAgent.Contracts;

namespace CodeAgent.Worker.Agents.Cli.Claude;

/// <summary>Claude's result has a subtype and an error flag, which contradict each other when a call failed: the flag is right.</summary>
internal static class ClaudeVerdict
{
    public static TaskFailure? Of(CliOutcome outcome) => outcome.End?.Kind switch
    {
        "error_max_turns" => new(FailureCodes.LimitReached, "The task's turns are used up (limits.turns), says claude."),
        "error_max_budget_usd" => new(FailureCodes.LimitReached, "The task's money is used up (limits.costUsd), says claude."),
        _ => CliVerdict.Of(AgentNames.Claude, outcome),
    };
}
