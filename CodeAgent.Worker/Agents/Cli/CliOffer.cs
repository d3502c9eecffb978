using CodeAgent.Worker.Configuration;

namespace CodeAgent.Worker.Agents.Cli;

/// <summary>Which coding CLIs this worker offers: those that its configuration names, or, where it names none, those on the PATH.</summary>
internal sealed class CliOffer(CurrentOptions options, IConfiguration configuration)
{
    /// <summary>Whether it offers the agent; agents that are no CLIs are always offered.</summary>
    public bool Has(string agent) =>
        CliAgentExtensions.Adapters.FirstOrDefault(adapter => adapter.Name == agent) is not { } adapter
        || (options().Agents is { } agents ? agents.ContainsKey(agent) : IsOnPath(adapter.Command));

    private bool IsOnPath(string program) => (configuration["PATH"] ?? "").Split(Path.PathSeparator)
        .Any(folder => folder.Length > 0 && File.Exists(Path.Combine(folder, program)));
}
