using CodeAgent.Worker.Processes;
using CodeAgent.Worker.Sandboxes.Bubblewrap;

namespace CodeAgent.Worker.Sandboxes.Network;

/// <summary>
/// Holds a network with nothing in it but two ports of its loopback: the gateway's, and a proxy's for what is allowed. A process
/// of the worker's own program is in it for as long as the lease lasts; each command enters it from outside.
/// </summary>
internal sealed class NetworkHolder(CommandRunner commands, BubblewrapProgram program, SandboxOrder order, LeasePassages passages) : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private IRunningCommand? _bridge;

    /// <summary>What tells programs of it.</summary>
    public IReadOnlyDictionary<string, string> Environment => passages.Environment;

    /// <summary>Makes the network. What it returns goes before each command's program.</summary>
    /// <exception cref="CommandNotStartedException">It could not be made.</exception>
    public async Task<IReadOnlyList<string>> StartAsync(CancellationToken cancellationToken)
    {
        var enter = Shell.Find("nsenter") ?? throw new CommandNotStartedException("The sandbox has no network: the program nsenter (util-linux) is not installed.");
        var open = passages.Open(order.Folder);
        _bridge = await commands.StartAsync(
            new() { Program = [.. WorkerProgram.Line, Bridge.Command, .. open], Directory = order.Folder.Root, TaskId = order.Lease.TaskId, TimeLimit = Timeout.InfiniteTimeSpan },
            (launch, _) =>
            {
                // Not contained itself: its number has to count here. What it reads is written by programs of agents, so that it sees no more than it needs.
                launch.IsContained = true;
                launch.Environment["DOTNET_TieredPGO"] = "0";
                launch.Line = [.. program.Network, "--ro-bind-try", WorkerProgram.Folder, WorkerProgram.Folder, "--ro-bind", order.Folder.Sockets, order.Folder.Sockets, "--", .. launch.Line];
                return default;
            }, cancellationToken);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Patience);
        try
        {
            return [enter, "--target", await Bridge.ReadyAsync(_bridge, limit.Token), "--user", "--net", "--preserve-credentials", "--"];
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new CommandNotStartedException($"The sandbox has no network: what holds it was not ready within {Patience.TotalSeconds:0} s.");
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_bridge is not null)
        {
            await _bridge.EndAsync(politely: false);
            await _bridge.DisposeAsync();
        }

        await passages.DisposeAsync();
    }
}
