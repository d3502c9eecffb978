using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using StackExchange.Redis;
using StackExchange.Redis.Configuration;

namespace CodeAgent.ServiceDefaults.Redis;

/// <summary>The connections of the client, so that those to a server that has fallen silent can be cut: the client waits on them for long.</summary>
internal sealed class RedisLines : Tunnel
{
    private readonly ConcurrentDictionary<Socket, EndPoint> _open = [];

    public override ValueTask BeforeSocketConnectAsync(EndPoint endPoint, ConnectionType connectionType, Socket? socket, CancellationToken cancellationToken)
    {
        foreach (var closed in _open.Keys.Where(known => known.SafeHandle.IsClosed))
        {
            _open.TryRemove(closed, out _);
        }

        if (socket is not null)
        {
            _open[socket] = endPoint;
        }

        return default;
    }

    /// <summary>Cuts those to one server. Who waits on them is told at once; the client connects anew by itself.</summary>
    public void Cut(EndPoint endPoint)
    {
        foreach (var (socket, _) in _open.Where(line => line.Value.Equals(endPoint)))
        {
            _open.TryRemove(socket, out _);
            try
            {
                socket.Shutdown(SocketShutdown.Both);
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                // It was cut already.
            }
        }
    }
}
