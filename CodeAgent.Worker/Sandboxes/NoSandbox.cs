using CodeAgent.Worker.Processes;

namespace CodeAgent.Worker.Sandboxes;

/// <summary>None: programs run as children of the worker, as its user.</summary>
internal sealed class NoSandbox(ICommandRunner commands, GatewayAccess gateway) : ISandbox
{
    public string Kind => "none";

    public GatewayAccess Gateway => gateway;

    public Task<CommandResult> RunAsync(CommandLine command, CancellationToken cancellationToken) => commands.RunAsync(command, cancellationToken);

    public ValueTask DisposeAsync() => default;
}
