using System.Globalization;
using System.Net;
using System.Net.Sockets;
using CodeAgent.Worker.Workspaces;

namespace CodeAgent.Worker.Sandboxes.Network;

/// <summary>What leads out of the network of a lease: sockets that the worker listens at, each with its port inside.</summary>
/// <param name="relay">Where the gateway is.</param>
/// <param name="allowed">What else may be reached.</param>
/// <param name="refusedAsync">Told of each refusal.</param>
internal sealed class LeasePassages(Uri relay, AllowList allowed, Func<string, CancellationToken, Task> refusedAsync) : IAsyncDisposable
{
    /// <summary>The gateway's port inside.</summary>
    public const int GatewayPort = 4000;

    private const int ProxyPort = 3128;
    private static readonly string[] ProxyVariables = ["HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"];
    private static readonly string[] NoProxyVariables = ["NO_PROXY", "no_proxy"];
    private readonly List<SocketServer> _servers = [];

    /// <summary>The gateway, as programs inside say.</summary>
    public static Uri Gateway { get; } = new($"http://127.0.0.1:{GatewayPort}");

    /// <summary>What tells programs of the proxy; nothing where nothing is allowed.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; } = allowed.IsEmpty ? new Dictionary<string, string>()
        : ProxyVariables.Select(name => (Name: name, Value: $"http://127.0.0.1:{ProxyPort}")).Concat(NoProxyVariables.Select(name => (Name: name, Value: "127.0.0.1,localhost,::1")))
            .ToDictionary(pair => pair.Name, pair => pair.Value);

    /// <summary>Begins to listen. What it returns are the bridge's arguments.</summary>
    public IReadOnlyList<string> Open(TaskFolder folder)
    {
        folder.CreateForSockets();
        var gateway = new IPEndPoint(IPAddress.Parse(relay.Host), relay.Port);
        List<string> passages = [Passage(folder, GatewayPort, "gateway", path => SocketServer.Forwarding(path, gateway))];
        if (!allowed.IsEmpty)
        {
            passages.Add(Passage(folder, ProxyPort, "proxy", path => new(path, new AllowProxy(allowed, gateway, refusedAsync).HandleAsync)));
        }

        return passages;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var server in _servers)
        {
            await server.DisposeAsync();
        }
    }

    private string Passage(TaskFolder folder, int port, string name, Func<EndPoint, SocketServer> serve)
    {
        var path = Path.Combine(folder.Sockets, name);
        _servers.Add(serve(new UnixDomainSocketEndPoint(path)));
        return string.Create(CultureInfo.InvariantCulture, $"{port}={path}");
    }
}
