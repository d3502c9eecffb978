using CodeAgent.Worker.Processes;

namespace CodeAgent.Worker.Tests.Agents.Builtin;

/// <summary>Pretends to run commands.</summary>
internal sealed class TestCommands : ICommandRunner
{
    public List<CommandLine> Commands { get; } = [];

    public Func<CommandLine, CancellationToken, Task<CommandResult>> Answer { get; set; } =
        (_, _) => Task.FromResult(new CommandResult(0, "done", TimedOut: false, TimeSpan.Zero));

    public Task<CommandResult> RunAsync(CommandLine command, CancellationToken cancellationToken)
    {
        Commands.Add(command);
        return Answer(command, cancellationToken);
    }
}
