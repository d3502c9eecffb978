using System.Net;
using System.Net.Sockets;

namespace CodeAgent.Worker.Sandboxes.Network;

/// <summary>Listens at an address, and gives each connection to a handler.</summary>
internal sealed class SocketServer : IAsyncDisposable
{
    // Whoever is inside may open as many as it likes: what they cost is the worker's memory and handles.
    private const int MostConnections = 256;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);
    private readonly SemaphoreSlim _room = new(MostConnections);
    private readonly Socket _listener;
    private readonly Func<Socket, CancellationToken, Task> _handleAsync;
    private readonly CancellationTokenSource _end = new();
    private readonly Task _accepting;

    /// <summary>Begins at once.</summary>
    /// <param name="address">A socket's path, or a port.</param>
    /// <param name="handleAsync">Speaks with a connection; the connection is closed when it returns.</param>
    /// <exception cref="SocketException">There is no listening there.</exception>
    public SocketServer(EndPoint address, Func<Socket, CancellationToken, Task> handleAsync)
    {
        _handleAsync = handleAsync;
        _listener = new(address.AddressFamily, SocketType.Stream, address.AddressFamily == AddressFamily.Unix ? ProtocolType.Unspecified : ProtocolType.Tcp);
        _listener.Bind(address);
        _listener.Listen();
        _accepting = AcceptAsync();
    }

    /// <summary>Passes each connection on to another address.</summary>
    public static SocketServer Forwarding(EndPoint address, EndPoint to) => new(address, async (from, token) =>
    {
        using var next = new Socket(to.AddressFamily, SocketType.Stream, to.AddressFamily == AddressFamily.Unix ? ProtocolType.Unspecified : ProtocolType.Tcp);
        await next.ConnectAsync(to, token);
        await Pump.RunAsync(from, next, token);
    });

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        _listener.Dispose();
        await _accepting;
        _room.Dispose();
        _end.Dispose();
    }

    private async Task AcceptAsync()
    {
        var open = new List<Task>();
        try
        {
            while (true)
            {
                await _room.WaitAsync(_end.Token);
                open.RemoveAll(task => task.IsCompleted);
                if (await ConnectionAsync() is { } connection)
                {
                    open.Add(HandleAsync(connection));
                }
            }
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
        {
            await Task.WhenAll(open);
        }
    }

    // Without a handle to spare there is none now, but there will be.
    private async Task<Socket?> ConnectionAsync()
    {
        try
        {
            return await _listener.AcceptAsync(_end.Token);
        }
        catch (SocketException) when (!_end.IsCancellationRequested)
        {
            _room.Release();
            await Task.Delay(Pause, _end.Token);
            return null;
        }
        catch (SocketException e)
        {
            throw new OperationCanceledException("Nobody listens any more.", e);
        }
    }

    private async Task HandleAsync(Socket connection)
    {
        await Task.Yield();
        using (connection)
        {
            try
            {
                await _handleAsync(connection, _end.Token);
            }
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                // The connection ends with it, which is all that the other side needs to know; and whoever listens goes on with the others.
            }
        }

        _room.Release();
    }
}
