using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;

namespace CodeAgent.Testing.Network;

/// <summary>A port that leads to another one, and that can be cut, or hold what goes through it, or be slow.</summary>
internal sealed class Link : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentDictionary<TcpClient, TcpClient> _open = [];
    private readonly CancellationTokenSource _end = new();
    private readonly int _target;
    private readonly Task _accepting;
    private volatile TaskCompletionSource? _held;
    private long _delayTicks;

    public Link(int target)
    {
        _target = target;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public Uri Address => new($"http://127.0.0.1:{Port}");

    /// <summary>How long everything takes in either direction; nothing overtakes. None by default.</summary>
    public TimeSpan Delay
    {
        get => new(Interlocked.Read(ref _delayTicks));
        set => Interlocked.Exchange(ref _delayTicks, value.Ticks);
    }

    /// <summary>Cuts every connection there is; new ones are let through.</summary>
    public void Cut()
    {
        foreach (var (near, far) in _open)
        {
            near.Close();
            far.Close();
        }
    }

    /// <summary>Lets nothing through until <see cref="Release"/>; nothing is lost either.</summary>
    public void Hold() => _held ??= new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Lets all go on.</summary>
    public void Release()
    {
        var held = _held;
        _held = null;
        held?.TrySetResult();
    }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        Release();
        _listener.Stop();
        Cut();
        await _accepting;
        _end.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                _ = CarryAsync(await _listener.AcceptTcpClientAsync(_end.Token));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The end of the link.
        }
    }

    private async Task CarryAsync(TcpClient near)
    {
        using (near)
        using (var far = new TcpClient { NoDelay = true })
        {
            try
            {
                near.NoDelay = true;
                await far.ConnectAsync(IPAddress.Loopback, _target, _end.Token);
                _open[near] = far;
                var (there, back) = (Channel.CreateUnbounded<Parcel>(), Channel.CreateUnbounded<Parcel>());
                await Task.WhenAny(ReadAsync(near, there), WriteAsync(there, far), ReadAsync(far, back), WriteAsync(back, near));
            }
            catch (Exception e) when (e is SocketException or IOException or OperationCanceledException or ObjectDisposedException)
            {
                // Nobody is there; so it is for whoever came.
            }
            finally
            {
                _open.TryRemove(near, out _);
            }
        }
    }

    private async Task ReadAsync(TcpClient from, Channel<Parcel> to)
    {
        try
        {
            var buffer = new byte[32 * 1024];
            int read;
            while ((read = await from.GetStream().ReadAsync(buffer, _end.Token)) > 0)
            {
                to.Writer.TryWrite(new(Stopwatch.GetTimestamp(), buffer.AsSpan(0, read).ToArray()));
            }
        }
        catch (Exception e) when (IsCut(e))
        {
            // What came before it still goes on.
        }

        // What is on its way arrives before the end does.
        to.Writer.TryComplete();
        await to.Reader.Completion;
    }

    private async Task WriteAsync(Channel<Parcel> from, TcpClient to)
    {
        try
        {
            await foreach (var parcel in from.Reader.ReadAllAsync(_end.Token))
            {
                if (Delay - Stopwatch.GetElapsedTime(parcel.Sent) is { Ticks: > 0 } left)
                {
                    await Task.Delay(left, _end.Token);
                }

                if (_held is { } held)
                {
                    await held.Task.WaitAsync(_end.Token);
                }

                await to.GetStream().WriteAsync(parcel.Bytes, _end.Token);
            }
        }
        catch (Exception e) when (IsCut(e))
        {
            // By either side, or by us.
        }
    }

    private static bool IsCut(Exception e) => e is IOException or OperationCanceledException or ObjectDisposedException or InvalidOperationException;

    private sealed record Parcel(long Sent, ReadOnlyMemory<byte> Bytes);
}
