using System.Diagnostics;

namespace CodeAgent.ServiceDefaults.Telemetry;

/// <summary>The names under which the services report, and the source of their own spans.</summary>
public static class CodeAgentTelemetry
{
    /// <summary>Name of the one activity source and of every meter of ours.</summary>
    public const string Name = "CodeAgent";

    /// <summary>Tag of spans and log lines that belong to a task.</summary>
    public const string TaskIdTag = "codeagent.task.id";

    /// <summary>Source of our own spans.</summary>
    public static ActivitySource Source { get; } = new(Name);
}
