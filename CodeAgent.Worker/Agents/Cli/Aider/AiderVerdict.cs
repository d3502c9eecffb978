using CodeAgent.Contracts;

namespace CodeAgent.Worker.Agents.Cli.Aider;

/// <summary>Aider has no last event and exits with 0 also when the model could not be asked: what it printed tells.</summary>
internal static class AiderVerdict
{
    public static TaskFailure? Of(CliOutcome outcome) => outcome switch
    {
        { Failure: { } failure } => CliVerdict.Model(failure.Status, failure.Reason),
        { ExitCode: 0, DidAnything: true } => null,
        _ => CliVerdict.Of(AgentNames.Aider, outcome),
    };
}
