using System.Buffers;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace CodeAgent.Benchmarks.Api.Watching;

/// <summary>One watcher of a task's events, on a bare socket: ten thousand of them must not cost more than what they watch.</summary>
internal sealed class Watcher(Uri address, string key, string task) : IDisposable
{
    private const int Block = 16 * 1024;

    // What the kernel takes for a watcher that does not read; it doubles this.
    private const int ReceiveBuffer = 4 * 1024;
    private const int MostEvents = 128;

    // Begins the line that has an event's number.
    private static readonly byte[] Mark = "\nid: "u8.ToArray();
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, ReceiveBufferSize = ReceiveBuffer };
    private readonly long[] _arrivals = new long[MostEvents];
    private TaskCompletionSource? _resumed;
    private int _matched;
    private long _number;

    /// <summary>Number of the newest event that came.</summary>
    public long Seen { get; private set; }

    /// <summary>What went wrong: refused, cut off, or an event that was skipped or came twice.</summary>
    public string? Error { get; private set; }

    /// <summary>When the event came, by the machine's monotonic clock; 0 where it has not yet.</summary>
    /// <param name="number">1 to 127.</param>
    public long ArrivalOf(int number) => Volatile.Read(ref _arrivals[number]);

    /// <summary>Connects, from one of the loopback's addresses, so that there are ports enough.</summary>
    /// <returns>Ends when the answer has begun.</returns>
    public async Task OpenAsync(IPAddress from, CancellationToken stop)
    {
        _socket.Bind(new IPEndPoint(from, 0));
        await _socket.ConnectAsync(IPAddress.Parse(address.Host), address.Port, stop);
        await _socket.SendAsync(Encoding.ASCII.GetBytes(
            $"GET /v1/tasks/{task}/events HTTP/1.1\r\nHost: {address.Authority}\r\nAuthorization: Bearer {key}\r\nAccept: text/event-stream\r\n\r\n"), stop);
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _ = ReadAsync(begun);
        await begun.Task.WaitAsync(stop);
    }

    /// <summary>Reads no more from now on.</summary>
    public void Pause() => Interlocked.CompareExchange(ref _resumed, new(TaskCreationOptions.RunContinuationsAsynchronously), null);

    /// <summary>Reads again.</summary>
    public void Resume() => Interlocked.Exchange(ref _resumed, null)?.SetResult();

    public void Dispose() => _socket.Dispose();

    private async Task ReadAsync(TaskCompletionSource begun)
    {
        try
        {
            while (true)
            {
                // Without a buffer: it returns when there is something, and until then there is no memory for it.
                await _socket.ReceiveAsync(Memory<byte>.Empty);
                if (_resumed?.Task is { } resumed)
                {
                    await resumed;
                }

                var buffer = ArrayPool<byte>.Shared.Rent(Block);
                try
                {
                    if (await _socket.ReceiveAsync(buffer.AsMemory()) is not (> 0 and var read))
                    {
                        Error ??= "the stream ended";
                        return;
                    }

                    Look(buffer.AsSpan(0, read), begun);
                }
                finally
                {
                    ArrayPool<byte>.Shared.Return(buffer);
                }
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            Error ??= e.Message;
        }
        finally
        {
            begun.TrySetResult();
        }
    }

    private void Look(ReadOnlySpan<byte> bytes, TaskCompletionSource begun)
    {
        if (!begun.Task.IsCompleted)
        {
            Error = bytes.StartsWith("HTTP/1.1 200 "u8) ? null : Encoding.ASCII.GetString(bytes[..Math.Min(bytes.Length, 200)]);
            begun.SetResult();
        }

        // Where a read ends says nothing: a number may be in two of them.
        while (bytes.Length > 0)
        {
            if (_matched == 0)
            {
                var line = bytes.IndexOf(Mark[0]);
                if (line < 0)
                {
                    return;
                }

                bytes = bytes[line..];
            }

            var next = bytes[0];
            bytes = bytes[1..];
            if (_matched < Mark.Length)
            {
                _matched = next == Mark[_matched] ? _matched + 1 : next == Mark[0] ? 1 : 0;
                _number = 0;
            }
            else if (next is >= (byte)'0' and <= (byte)'9')
            {
                _number = (_number * 10) + next - '0';
            }
            else
            {
                Came();
                _matched = next == Mark[0] ? 1 : 0;
            }
        }
    }

    private void Came()
    {
        Error ??= _number == Seen + 1 ? null : $"event {_number} came after {Seen}";
        Seen = _number;
        if (_number < MostEvents)
        {
            Volatile.Write(ref _arrivals[_number], Stopwatch.GetTimestamp());
        }
    }
}
