using CodeAgent.Worker.Processes;
using CodeAgent.Worker.Sandboxes;

namespace CodeAgent.Worker.Tests.Agents.Builtin;

/// <summary>Pretends to run commands.</summary>
internal sealed class TestCommands : ISandbox
{
    public string Kind => "none";

    public GatewayAccess Gateway { get; set; } = new(new("http://127.0.0.1:1"), "key");

    public List<CommandLine> Commands { get; } = [];

    public Func<CommandLine, CancellationToken, Task<CommandResult>> Answer { get; set; } =
        (_, _) => Task.FromResult(new CommandResult(0, "done", TimedOut: false, TimeSpan.Zero));

    public Task<CommandResult> RunAsync(CommandLine command, CancellationToken cancellationToken)
    {
        Commands.Add(command);
        return Answer(command, cancellationToken);
    }

    public Task<IRunningCommand> StartAsync(CommandLine command, CancellationToken cancellationToken) => throw new CommandNotStartedException("Nothing is started here.");

    public ValueTask DisposeAsync() => default;
}
