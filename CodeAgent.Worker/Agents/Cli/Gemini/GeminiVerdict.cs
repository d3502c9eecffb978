using CodeAgent.Contracts;

namespace CodeAgent.Worker.Agents.Cli.Gemini;

/// <summary>Gemini's exit codes say more than most: 41 no way to sign in, 42 an input that it does not take, 53 its turns are over.</summary>
internal static class GeminiVerdict
{
    public static TaskFailure? Of(CliOutcome outcome) => outcome.ExitCode switch
    {
        41 => CliVerdict.Agent($"gemini does not find out how to sign in (exit code 41).\n{outcome.Errors}"),
        42 when outcome.Failure is null => CliVerdict.Agent($"gemini does not take what it was given (exit code 42).\n{outcome.Errors}"),
        53 => new(FailureCodes.LimitReached, "The task's turns are used up (limits.turns), says gemini."),
        _ => CliVerdict.Of(AgentNames.Gemini, outcome),
    };
}
