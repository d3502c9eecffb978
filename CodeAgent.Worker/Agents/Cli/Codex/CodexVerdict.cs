using CodeAgent.Contracts;

namespace CodeAgent.Worker.Agents.Cli.Codex;

/// <summary>Codex says <c>turn.completed</c> or <c>turn.failed</c> at the end of its turn; the first also where no command could be run.</summary>
internal static class CodexVerdict
{
    public static TaskFailure? Of(CliOutcome outcome) => CliVerdict.Of(AgentNames.Codex, outcome);
}
