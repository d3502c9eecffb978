using CodeAgent.Contracts;

namespace CodeAgent.Worker.Agents.Cli.Cursor;

/// <summary>When Cursor's CLI fails there may be no last event: only an exit code and what is on the stream for errors.</summary>
internal static class CursorVerdict
{
    public static TaskFailure? Of(CliOutcome outcome) => CliVerdict.Of(AgentNames.Cursor, outcome);
}
