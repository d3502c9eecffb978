using CodeAgent.Contracts;

namespace CodeAgent.Worker.Agents.Cli.Aider;

/// <summary>Aider has no last event and exits with 0 also when the model could not be asked: that it counted an answer's tokens, and nothing failed since, tells.</summary>
internal static class AiderVerdict
{
    public static TaskFailure? Of(CliOutcome outcome) => outcome switch
    {
        { Failure: { } failure } => CliVerdict.Model(failure.Status, failure.Reason),
        { ExitCode: 0, ModelAnswered: true } => null,
        _ => CliVerdict.Of(AgentNames.Aider, outcome),
    };
}
