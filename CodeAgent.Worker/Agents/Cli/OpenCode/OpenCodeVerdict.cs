using CodeAgent.Contracts;

namespace CodeAgent.Worker.Agents.Cli.OpenCode;

/// <summary>OpenCode has no last event: the reason of its last step and its exit code tell.</summary>
internal static class OpenCodeVerdict
{
    public static TaskFailure? Of(CliOutcome outcome) => outcome is { End: { Error: true, Kind: "length" or "content-filter" } end }
        ? new(FailureCodes.ModelFailed, $"The model's last answer was not whole: {end.Kind}.")
        : CliVerdict.Of(AgentNames.OpenCode, outcome);
}
