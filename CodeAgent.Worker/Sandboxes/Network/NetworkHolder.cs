using System.Globalization;
using System.Net;
using System.Net.Sockets;
using CodeAgent.Worker.Processes;
using CodeAgent.Worker.Sandboxes.Bubblewrap;

namespace CodeAgent.Worker.Sandboxes.Network;

/// <summary>
/// Holds a network with nothing in it but two ports of its loopback: the gateway's, and a proxy's for what is allowed. A process
/// of the worker's own program is in it for as long as the lease lasts; each command enters it from outside.
/// </summary>
internal sealed partial class NetworkHolder(CommandRunner commands, BubblewrapProgram program, SandboxOrder order, Uri relay, AllowList allowed, ILogger logger) : IAsyncDisposable
{
    /// <summary>The gateway's port in such a network.</summary>
    public const int GatewayPort = 4000;

    private const int ProxyPort = 3128;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private readonly List<SocketServer> _servers = [];
    private IRunningCommand? _bridge;

    /// <summary>The gateway, as programs in it say.</summary>
    public static Uri Gateway { get; } = new($"http://127.0.0.1:{GatewayPort}");

    /// <summary>What tells programs of the proxy; nothing where nothing is allowed.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; } = allowed.IsEmpty ? new Dictionary<string, string>() : ((string[])["HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"])
        .ToDictionary(name => name, _ => $"http://127.0.0.1:{ProxyPort}").Append(new("NO_PROXY", "127.0.0.1,localhost,::1")).Append(new("no_proxy", "127.0.0.1,localhost,::1")).ToDictionary();

    /// <summary>Makes the network. What it returns goes before each command's program.</summary>
    /// <exception cref="CommandNotStartedException">It could not be made.</exception>
    public async Task<IReadOnlyList<string>> StartAsync(CancellationToken cancellationToken)
    {
        var enter = Shell.Find("nsenter") ?? throw new CommandNotStartedException("The sandbox has no network: the program nsenter (util-linux) is not installed.");
        order.Folder.CreateForSockets();
        List<string> passages = [Passage(GatewayPort, "gateway", path => SocketServer.Forwarding(path, new IPEndPoint(IPAddress.Parse(relay.Host), relay.Port)))];
        if (!allowed.IsEmpty)
        {
            passages.Add(Passage(ProxyPort, "proxy", path => new(path, new AllowProxy(allowed, RefusedAsync).HandleAsync)));
        }

        _bridge = await commands.StartAsync(
            new() { Program = [.. WorkerProgram.Line, Bridge.Command, .. passages], Directory = order.Folder.Root, TaskId = order.Lease.TaskId, TimeLimit = Timeout.InfiniteTimeSpan },
            (launch, _) =>
            {
                // Not contained itself: its number has to count here. What it reads is written by programs of agents, so that it sees no more than it needs.
                launch.IsContained = true;
                launch.Environment["DOTNET_TieredPGO"] = "0";
                launch.Line = [.. program.Network, "--ro-bind-try", WorkerProgram.Folder, WorkerProgram.Folder, "--ro-bind", order.Folder.Sockets, order.Folder.Sockets, "--", .. launch.Line];
                return default;
            }, cancellationToken);
        return [enter, "--target", await ReadyAsync(_bridge, cancellationToken), "--user", "--net", "--preserve-credentials", "--"];
    }

    public async ValueTask DisposeAsync()
    {
        if (_bridge is not null)
        {
            await _bridge.EndAsync(politely: false);
            await _bridge.DisposeAsync();
        }

        foreach (var server in _servers)
        {
            await server.DisposeAsync();
        }
    }

    private static async Task<string> ReadyAsync(IRunningCommand bridge, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Patience);
        using var output = new StreamReader(bridge.Output, leaveOpen: true);
        var line = await output.ReadLineAsync(limit.Token);
        if (line?.Split(' ') is ["ready", var id])
        {
            return id;
        }

        using var errors = new StreamReader(bridge.Errors, leaveOpen: true);
        throw new CommandNotStartedException($"The sandbox has no network: {line} {await errors.ReadToEndAsync(limit.Token)}".TrimEnd());
    }

    private string Passage(int port, string name, Func<EndPoint, SocketServer> serve)
    {
        var path = Path.Combine(order.Folder.Sockets, name);
        _servers.Add(serve(new UnixDomainSocketEndPoint(path)));
        return string.Create(CultureInfo.InvariantCulture, $"{port}={path}");
    }

    private Task RefusedAsync(string what, CancellationToken cancellationToken)
    {
        LogRefused(logger, order.Lease.TaskId, what);
        return order.NoteAsync($"A program wanted to reach {what}, which the sandbox does not allow (sandbox.network.allow).", cancellationToken);
    }

    [LoggerMessage(LogLevel.Information, "Task {TaskId}: a program wanted to reach {What}, which is not allowed")]
    private static partial void LogRefused(ILogger logger, Guid taskId, string what);
}
