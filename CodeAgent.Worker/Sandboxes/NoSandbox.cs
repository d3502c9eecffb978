using CodeAgent.Worker.Processes;

namespace CodeAgent.Worker.Sandboxes;

/// <summary>None: programs run as children of the worker, as its user.</summary>
/// <param name="commands">Runs them.</param>
/// <param name="gateway">How they reach the gateway.</param>
/// <param name="pass">What ends with it.</param>
internal sealed class NoSandbox(ICommandRunner commands, GatewayAccess gateway, IDisposable pass) : ISandbox
{
    public string Kind => "none";

    public GatewayAccess Gateway => gateway;

    public Task<CommandResult> RunAsync(CommandLine command, CancellationToken cancellationToken) => commands.RunAsync(command, cancellationToken);

    public Task<IRunningCommand> StartAsync(CommandLine command, CancellationToken cancellationToken) => commands.StartAsync(command, cancellationToken);

    public ValueTask DisposeAsync()
    {
        pass.Dispose();
        return default;
    }
}
