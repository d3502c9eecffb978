using System.Globalization;
using CodeAgent.Worker.Configuration;
using CodeAgent.Worker.Processes;
using CodeAgent.Worker.Sandboxes.Limits;
using CodeAgent.Worker.Sandboxes.Network;

namespace CodeAgent.Worker.Sandboxes.Containers;

/// <summary>The network of a lease's containers: a named one, or none, or one with the gateway and what is allowed, which a container of the worker's own program holds.</summary>
internal sealed class ContainerNetwork(ContainerEngine engine, string image, SandboxOrder order, SandboxOptions set, LeasePassages? passages, TimeProvider time) : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private readonly SemaphoreSlim _starting = new(1);
    private IRunningCommand? _holder;
    private string? _network;

    /// <summary>What tells programs of it.</summary>
    public IReadOnlyDictionary<string, string> Environment => passages?.Environment ?? new Dictionary<string, string>();

    /// <summary>The network, as engines name it.</summary>
    /// <exception cref="CommandNotStartedException">It could not be made.</exception>
    public async Task<string> JoinAsync(CancellationToken cancellationToken)
    {
        if (passages is null)
        {
            return set.Container.Network ?? (set.Network.Mode == SandboxNetworkMode.Host ? "host" : "none");
        }

        await _starting.WaitAsync(cancellationToken);
        try
        {
            return _network ??= await StartAsync(passages, cancellationToken);
        }
        finally
        {
            _starting.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_holder is not null)
        {
            await _holder.EndAsync(politely: false);
            await _holder.DisposeAsync();
        }

        await (passages?.DisposeAsync() ?? default);
        _starting.Dispose();
    }

    private async Task<string> StartAsync(LeasePassages open, CancellationToken cancellationToken)
    {
        string[] folders = [WorkerProgram.Folder, WorkerProgram.DotnetRoot];
        var name = string.Create(CultureInfo.InvariantCulture, $"codeagent-{order.Lease.TaskId:N}-{order.Lease.Fence}-{Guid.NewGuid().ToString("N")[..8]}");
        _holder = await ContainerStart.RunAsync(engine, new()
        {
            Name = name,
            Image = image,
            User = engine.User,
            WorkingDir = "/",
            Entrypoint = [.. WorkerProgram.Line],
            Cmd = [Bridge.Command, .. open.Open(order.Folder)],

            // Images need not have what .NET needs for languages.
            Env = ["DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1", "DOTNET_TieredPGO=0", "HOME=/tmp"],
            OpenStdin = true,
            StdinOnce = true,
            AttachStdin = true,
            AttachStdout = true,
            AttachStderr = true,
            Labels = await ContainerSandbox.LabelsAsync(order.Lease.TaskId),
            HostConfig = ContainerHost.Of(set, new LimitSet(null, null, 256, null, null),
                [.. folders.Select(folder => $"{folder}:{folder}:ro"), $"{order.Folder.Sockets}:{order.Folder.Sockets}"], "none"),
        }, new(null, null, null, null, null), time, cancellationToken);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Patience);
        await Bridge.ReadyAsync(_holder, limit.Token);
        return $"container:{name}";
    }
}
