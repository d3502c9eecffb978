using CodeAgent.Worker.Processes;
using CodeAgent.Worker.Sandboxes;

namespace CodeAgent.Worker.Tests.Benches;

/// <summary>Runs commands as they are.</summary>
internal sealed class PlainSandbox(ICommandRunner commands) : ISandbox
{
    public string Kind => "none";

    public GatewayAccess Gateway { get; init; } = new(new("http://127.0.0.1:1"), "key");

    public Task<CommandResult> RunAsync(CommandLine command, CancellationToken cancellationToken) => commands.RunAsync(command, cancellationToken);

    public Task<IRunningCommand> StartAsync(CommandLine command, CancellationToken cancellationToken) => commands.StartAsync(command, cancellationToken);

    public ValueTask DisposeAsync() => default;
}
