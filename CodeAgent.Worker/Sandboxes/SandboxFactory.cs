using System.Diagnostics;
using CodeAgent.Contracts;
using CodeAgent.Worker.Processes;
using CodeAgent.Worker.Sandboxes.Gateway;

namespace CodeAgent.Worker.Sandboxes;

/// <summary>Makes the sandbox of a lease.</summary>
internal sealed class SandboxFactory(CommandRunner commands, GatewayRelay relay)
{
    /// <summary>Makes it.</summary>
    public Task<ISandbox> OpenAsync(Lease lease, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var pass = relay.Open(lease.Token, Activity.Current?.Id ?? lease.TraceParent);
        return Task.FromResult<ISandbox>(new NoSandbox(commands, new(relay.Address, pass.Key), pass));
    }
}
