using System.Diagnostics;
using CodeAgent.Worker.Configuration;
using CodeAgent.Worker.Processes;
using CodeAgent.Worker.Sandboxes.Bubblewrap;
using CodeAgent.Worker.Sandboxes.Containers;
using CodeAgent.Worker.Sandboxes.Gateway;
using CodeAgent.Worker.Sandboxes.Limits;
using CodeAgent.Worker.Sandboxes.Network;
using Docker.DotNet.Models;

namespace CodeAgent.Worker.Sandboxes;

/// <summary>Makes the sandbox of a lease.</summary>
internal sealed partial class SandboxFactory(CommandRunner commands, GatewayRelay relay, SandboxProbe probe, CurrentOptions options, TimeProvider time, ILogger<SandboxFactory> logger)
{
    /// <summary>Makes it.</summary>
    /// <exception cref="TaskFailedException">The sandbox that is asked for cannot be had here.</exception>
    public async Task<ISandbox> OpenAsync(SandboxOrder order, CancellationToken cancellationToken) => new GuardedSandbox(await MakeAsync(order, cancellationToken), logger);

    private async Task<ISandbox> MakeAsync(SandboxOrder order, CancellationToken cancellationToken)
    {
        var set = options().Sandbox;
        var choice = await probe.GetAsync(cancellationToken);
        var kind = choice.KindFor(order.Lease.Request.Sandbox, set.Container.Image);
        if (kind == SandboxMode.None && choice.Weakness is { } weakness)
        {
            await order.NoteAsync(weakness, cancellationToken);
        }

        if (kind == SandboxMode.Container)
        {
            return await ContainerAsync(order, set, choice.Engine!, cancellationToken);
        }

        var limits = new LeaseLimits(LimitSet.Of(set.Limits), choice.Homes, CgroupName.Of(await WorkerMark.Here, order.Lease.TaskId, order.Lease.Fence), order.Folder, time);
        if (limits.NotKept is { } notKept)
        {
            await order.NoteAsync(notKept, cancellationToken);
        }

        return kind == SandboxMode.Bubblewrap ? await BubblewrapAsync(order, set, choice.Bubblewrap!, limits, cancellationToken) : None(order, limits);
    }

    private NoSandbox None(SandboxOrder order, LeaseLimits limits)
    {
        var pass = Pass(order);
        return new(commands, new(relay.Address, pass.Key), limits, pass);
    }

    private async Task<BubblewrapSandbox> BubblewrapAsync(SandboxOrder order, SandboxOptions set, BubblewrapProgram program, LeaseLimits limits, CancellationToken cancellationToken)
    {
        var files = new List<string>(order.ReadOnly);
        foreach (var needed in order.Programs)
        {
            files.AddRange(await ProgramFiles.OfAsync(needed, cancellationToken));
        }

        order = order with { ReadOnly = files };
        var passages = set.Network.Mode == SandboxNetworkMode.Host ? null : Passages(order, set);
        var pass = Pass(order);
        var holder = passages is null ? null : new NetworkHolder(commands, program, order, passages);
        return new(commands, program, order, Access(set.Network.Mode == SandboxNetworkMode.Host, pass), new(set.Network.Mode, holder), limits, pass);
    }

    private async Task<ContainerSandbox> ContainerAsync(SandboxOrder order, SandboxOptions set, ContainerEngine engine, CancellationToken cancellationToken)
    {
        var image = order.Lease.Request.Sandbox?.Image ?? set.Container.Image!;
        await ContainerImages.EnsureAsync(engine, image, new Progress<JSONMessage>(message => LogPulls(order.Lease.TaskId, image, message.Status ?? "")), cancellationToken);
        var hasOwn = set.Network.Mode == SandboxNetworkMode.Own && set.Container.Network is null;
        var passages = hasOwn ? Passages(order, set) : null;
        var pass = Pass(order);
        var network = new ContainerNetwork(engine, image, order, set, passages, time);
        return new(engine, image, order, set, options().PassEnvironment, Access(!hasOwn, pass), network, pass, time, logger);
    }

    private GatewayPass Pass(SandboxOrder order) => relay.Open(order.Lease.Token, Activity.Current?.Id ?? order.Lease.TraceParent);

    private GatewayAccess Access(bool direct, GatewayPass pass) => new(direct ? relay.Address : LeasePassages.Gateway, pass.Key);

    // The built-in agent's models are asked by the worker itself, and a script has none.
    private LeasePassages? Passages(SandboxOrder order, SandboxOptions set)
    {
        var allowed = new AllowList(set.Network.Allow);
        return allowed.IsEmpty && order.Programs.Count == 0 ? null : new(relay.Address, allowed, (what, token) =>
        {
            LogRefused(order.Lease.TaskId, what);
            return order.NoteAsync($"A program wanted to reach {what}, which the sandbox does not allow (sandbox.network.allow).", token);
        });
    }

    [LoggerMessage(LogLevel.Information, "Task {TaskId}: a program wanted to reach {What}, which is not allowed")]
    private partial void LogRefused(Guid taskId, string what);

    [LoggerMessage(LogLevel.Debug, "Task {TaskId} waits for the image {Image}: {Status}")]
    private partial void LogPulls(Guid taskId, string image, string status);
}
