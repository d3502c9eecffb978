using System.Diagnostics;
using CodeAgent.Contracts;
using CodeAgent.Worker.Configuration;
using CodeAgent.Worker.Processes;
using CodeAgent.Worker.Sandboxes.Bubblewrap;
using CodeAgent.Worker.Sandboxes.Gateway;
using CodeAgent.Worker.Sandboxes.Limits;
using CodeAgent.Worker.Sandboxes.Network;

namespace CodeAgent.Worker.Sandboxes;

/// <summary>Makes the sandbox of a lease.</summary>
internal sealed class SandboxFactory(CommandRunner commands, GatewayRelay relay, SandboxProbe probe, CurrentOptions options, TimeProvider time, ILogger<SandboxFactory> logger)
{
    /// <summary>Makes it.</summary>
    /// <exception cref="TaskFailedException">The sandbox that is asked for cannot be had here.</exception>
    public async Task<ISandbox> OpenAsync(SandboxOrder order, CancellationToken cancellationToken)
    {
        var choice = await probe.GetAsync(cancellationToken);
        var set = options().Sandbox;
        var kind = choice.Kind;
        if (kind == SandboxMode.Bubblewrap && choice.Bubblewrap is null)
        {
            throw new TaskFailedException(FailureCodes.SandboxUnavailable, $"This worker is set to run programs in the sandbox bubblewrap, which it cannot: {choice.Reasons[kind]}.");
        }

        if (choice.Weakness is { } weakness)
        {
            await order.NoteAsync(weakness, cancellationToken);
        }

        var limits = new LeaseLimits(LimitSet.Of(set.Limits), choice.Homes, CgroupName.Of(await WorkerMark.Here, order.Lease.TaskId, order.Lease.Fence), order.Folder, time);
        if (limits.NotKept is { } notKept)
        {
            await order.NoteAsync(notKept, cancellationToken);
        }

        var pass = relay.Open(order.Lease.Token, Activity.Current?.Id ?? order.Lease.TraceParent);
        return kind == SandboxMode.Bubblewrap ? Bubblewrap(order, set, choice.Bubblewrap!, pass, limits) : new NoSandbox(commands, new(relay.Address, pass.Key), limits, pass);
    }

    private BubblewrapSandbox Bubblewrap(SandboxOrder order, SandboxOptions set, BubblewrapProgram program, GatewayPass pass, LeaseLimits limits)
    {
        var allowed = new AllowList(set.Network.Allow);

        // The built-in agent's models are asked by the worker itself, and a script has none.
        var asks = order.Lease.Request.Agent.Name is not (AgentNames.Builtin or AgentNames.Command);
        var isHost = set.Network.Mode == SandboxNetworkMode.Host;
        var holder = isHost || (!asks && allowed.IsEmpty) ? null : new NetworkHolder(commands, program, order, relay.Address, allowed, logger);
        var gateway = new GatewayAccess(isHost ? relay.Address : NetworkHolder.Gateway, pass.Key);
        return new(commands, program, order, gateway, new(set.Network.Mode, holder), limits, pass);
    }
}
