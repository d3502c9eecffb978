using CodeAgent.Worker.Processes;
using CodeAgent.Worker.Sandboxes.Limits;

namespace CodeAgent.Worker.Sandboxes;

/// <summary>None: programs run as children of the worker, as its user, within the limits that there are.</summary>
/// <param name="commands">Runs them.</param>
/// <param name="gateway">How they reach the gateway.</param>
/// <param name="limits">Their limits.</param>
/// <param name="pass">What ends with it.</param>
internal sealed class NoSandbox(CommandRunner commands, GatewayAccess gateway, LeaseLimits limits, IDisposable pass) : ISandbox
{
    public string Kind => "none";

    public GatewayAccess Gateway => gateway;

    public Task<CommandResult> RunAsync(CommandLine command, CancellationToken cancellationToken) => commands.RunAsync(command, WrapAsync, cancellationToken);

    public Task<IRunningCommand> StartAsync(CommandLine command, CancellationToken cancellationToken) => commands.StartAsync(command, WrapAsync, cancellationToken);

    public ValueTask DisposeAsync()
    {
        pass.Dispose();
        return limits.DisposeAsync();
    }

    private async ValueTask WrapAsync(Launch launch, CancellationToken cancellationToken) => await limits.ApplyAsync(launch, cancellationToken);
}
