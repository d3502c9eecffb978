using CodeAgent.Contracts;

namespace CodeAgent.Worker.Agents.Cli.Qwen;

/// <summary>Qwen exits with 0 and raises no flag when the model refuses; the error is in its result's text. 53: its turns are over.</summary>
internal static class QwenVerdict
{
    public static TaskFailure? Of(CliOutcome outcome) => outcome.ExitCode == 53 || outcome.End?.Kind == "error_max_turns"
        ? new(FailureCodes.LimitReached, "The task's turns are used up (limits.turns), says qwen.")
        : CliVerdict.Of(AgentNames.Qwen, outcome);
}
