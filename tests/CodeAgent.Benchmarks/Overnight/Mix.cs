using CodeAgent.Contracts;

namespace CodeAgent.Benchmarks.Overnight;

/// <summary>Which kind of task comes next: four that behave, then one that does not.</summary>
internal sealed class Mix
{
    private const int Every = 5;
    private readonly Kind[] _good;
    private readonly Kind[] _bad;

    /// <param name="agents">The agents that the workers offer.</param>
    /// <param name="isContained">Whether there is a sandbox that keeps what misbehaves from the machine.</param>
    public Mix(IReadOnlyCollection<string> agents, bool isContained)
    {
        (string Name, Kind Kind)[] clis =
        [
            (AgentNames.Codex, Kind.Cli(AgentNames.Codex, "exec_command", command => new { cmd = command })),
            (AgentNames.Claude, Kind.Cli(AgentNames.Claude, "Bash", command => new { command, description = "as the task says" })),
            (AgentNames.OpenCode, Kind.Cli(AgentNames.OpenCode, "bash", command => new { command, description = "as the task says" })),
            (AgentNames.Gemini, Kind.Cli(AgentNames.Gemini, "run_shell_command", command => new { command, description = "as the task says" })),
            (AgentNames.Qwen, Kind.Cli(AgentNames.Qwen, "run_shell_command", command => new { command, description = "as the task says", is_background = false })),
        ];
        Missing = [.. clis.Where(cli => !agents.Contains(cli.Name)).Select(cli => cli.Name)];

        // The CLIs take some seconds of a processor each, so each of them comes half as often as the others.
        var own = Kind.Own.Where(kind => kind.Behaves).ToArray();
        _good = [.. own, .. own, .. clis.Where(cli => agents.Contains(cli.Name)).Select(cli => cli.Kind)];
        _bad = [.. Kind.Own.Where(kind => !kind.Behaves && (isContained || !kind.IsGreedy))];
    }

    /// <summary>CLIs that no worker offers.</summary>
    public IReadOnlyList<string> Missing { get; }

    /// <summary>Each kind once.</summary>
    public IReadOnlyList<Kind> All => [.. _good.Distinct(), .. _bad];

    /// <summary>Number <paramref name="i"/> of a long row.</summary>
    public Kind Next(int i) => i % Every == Every - 1 ? _bad[i / Every % _bad.Length] : _good[(i - (i / Every)) % _good.Length];
}
