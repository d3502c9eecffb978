using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace CodeAgent.LlmGateway.Tests.Chaos;

/// <summary>What goes wrong with an answer.</summary>
public enum Fault
{
    None,
    HugeChunk,
    Status429,
    Status500,
    Status529,
    ErrorWithin,
    Reset,
    ResetAfterHeaders,
    ResetInTheMiddle,
    HalfClosed,
    Stall,
    StallInTheMiddle,
    TruncatedJson,
    InvalidUtf8,
    LengthTooLong,
    LengthTooShort,
    GarbageStatus,
    EndlessHeaders,
}

/// <summary>
/// A provider on a bare socket that does to each request what its first message says (<c>fault:NAME</c>), and keeps a ledger of
/// what it billed: the tokens of every usage that it sent to the end.
/// </summary>
internal sealed class ChaosUpstream : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _accepting;
    private long _billed;
    private int _requests;

    public ChaosUpstream()
    {
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public string BaseUrl => $"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/v1";

    /// <summary>Tokens, read and written together.</summary>
    public long Billed => Interlocked.Read(ref _billed);

    public int Requests => _requests;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _accepting;
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        List<Task> serving = [];
        try
        {
            while (true)
            {
                var socket = await _listener.AcceptSocketAsync(_stop.Token);
                serving.Add(ServeAsync(socket));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            await Task.WhenAll(serving);
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        using var stream = new NetworkStream(socket, ownsSocket: true);
        try
        {
            while (await ReadAsync(stream) is { } request)
            {
                Interlocked.Increment(ref _requests);
                if (!await AnswerAsync(request, socket, stream))
                {
                    return;
                }
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // Whoever asked is gone.
        }
    }

    /// <returns>Whether the connection can be used again.</returns>
    private async Task<bool> AnswerAsync(ChaosRequest request, Socket socket, NetworkStream stream)
    {
        var type = request.IsStream ? "text/event-stream" : "application/json";
        var (before, after) = VendorAnswers.Of(request.Path, request.IsStream, request.Fault == Fault.HugeChunk ? new string('x', 10_000_000) : "yes");
        switch (request.Fault)
        {
            case Fault.None or Fault.HugeChunk:
                await SendAsync(stream, Head("200 OK", type, before.Length + after.Length) + before + after);
                Interlocked.Add(ref _billed, VendorAnswers.Tokens);
                return true;
            case Fault.Status429 or Fault.Status500 or Fault.Status529:
                const string Error = """{"error":{"message":"not now","type":"overloaded_error"},"type":"error"}""";
                await SendAsync(stream, Head($"{request.Fault.ToString()[6..]} No", "application/json", Error.Length) + Error);
                return true;
            case Fault.ErrorWithin:
                var error = VendorAnswers.Error(request.Path, request.IsStream);
                await SendAsync(stream, Head("200 OK", type, error.Length) + error);
                return true;
            case Fault.Reset:
                Reset(socket);
                return false;
            case Fault.ResetAfterHeaders:
                await SendAsync(stream, Head("200 OK", type, 1000));
                Reset(socket);
                return false;
            case Fault.ResetInTheMiddle:
                await SendAsync(stream, Head("200 OK", type, 100_000) + before);
                await Task.Delay(50, _stop.Token);
                Reset(socket);
                return false;
            case Fault.HalfClosed:
                // Says that it is done sending, with half of the answer sent, and goes on listening.
                await SendAsync(stream, $"HTTP/1.1 200 OK\r\nContent-Type: {type}\r\nConnection: close\r\n\r\n{before}");
                socket.Shutdown(SocketShutdown.Send);
                await Task.Delay(2000, _stop.Token);
                return false;
            case Fault.Stall:
                await Task.Delay(Timeout.Infinite, _stop.Token);
                return false;
            case Fault.StallInTheMiddle:
                await SendAsync(stream, Head("200 OK", type, 100_000) + before);
                await Task.Delay(Timeout.Infinite, _stop.Token);
                return false;
            case Fault.TruncatedJson:
                var cut = before[..^3];
                await SendAsync(stream, Head("200 OK", type, cut.Length) + cut);
                return true;
            case Fault.InvalidUtf8:
                var bytes = Encoding.UTF8.GetBytes(before + after);
                bytes[bytes.AsSpan().IndexOf("yes"u8) + 1] = 0xFF;
                await SendAsync(stream, Head("200 OK", type, bytes.Length));
                await stream.WriteAsync(bytes, _stop.Token);
                Interlocked.Add(ref _billed, VendorAnswers.Tokens);
                return true;
            case Fault.LengthTooLong:
                await SendAsync(stream, Head("200 OK", type, before.Length + 500) + before);
                return false;
            case Fault.LengthTooShort:
                await SendAsync(stream, Head("200 OK", type, before.Length / 2) + before + after);
                return false;
            case Fault.GarbageStatus:
                await SendAsync(stream, "HELLO ÿþ nothing\r\n\r\n");
                return false;
            case Fault.EndlessHeaders:
                await SendAsync(stream, "HTTP/1.1 200 OK\r\n");
                while (true)
                {
                    await SendAsync(stream, "X-More: and more and more and more and more and more and more and more\r\n");
                }

            default:
                throw new InvalidOperationException($"{request.Fault}");
        }
    }

    private static string Head(string status, string type, int length) =>
        $"HTTP/1.1 {status}\r\nContent-Type: {type}\r\nContent-Length: {length.ToString(CultureInfo.InvariantCulture)}\r\n\r\n";

    private async Task SendAsync(NetworkStream stream, string text) => await stream.WriteAsync(Encoding.UTF8.GetBytes(text), _stop.Token);

    private static void Reset(Socket socket)
    {
        socket.LingerState = new(true, 0);
        socket.Close();
    }

    private async Task<ChaosRequest?> ReadAsync(NetworkStream stream)
    {
        var bytes = new List<byte>();
        var buffer = new byte[16 * 1024];
        while (true)
        {
            var text = Encoding.Latin1.GetString([.. bytes]);
            var end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
            if (end >= 0)
            {
                var length = text[..end].Split("\r\n").Where(line => line.StartsWith("Content-Length:", StringComparison.OrdinalIgnoreCase))
                    .Select(line => int.Parse(line["Content-Length:".Length..], CultureInfo.InvariantCulture)).FirstOrDefault();
                if (bytes.Count >= end + 4 + length)
                {
                    var (path, body) = (text.Split(' ')[1], text[(end + 4)..]);
                    var name = body[(body.IndexOf("fault:", StringComparison.Ordinal) + "fault:".Length)..].Split('"')[0];
                    return new(path, Enum.Parse<Fault>(name), body.Contains("\"stream\":true", StringComparison.Ordinal) || path.Contains("streamGenerate", StringComparison.Ordinal));
                }
            }

            var read = await stream.ReadAsync(buffer, _stop.Token);
            if (read == 0)
            {
                return null;
            }

            bytes.AddRange(buffer[..read]);
        }
    }

    private sealed record ChaosRequest(string Path, Fault Fault, bool IsStream);
}
