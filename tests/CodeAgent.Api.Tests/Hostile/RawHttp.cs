using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace CodeAgent.Api.Tests.Hostile;

/// <summary>HTTP/1.1 over a bare socket: clients refuse to send what is to be sent here.</summary>
internal static class RawHttp
{
    private const int LongestAnswer = 16 * 1024 * 1024;
    private static readonly Dictionary<string, string> None = [];

    /// <summary>Sends bytes on a connection of their own, and reads one answer.</summary>
    /// <param name="api">Where to.</param>
    /// <param name="request">The whole request, or several.</param>
    /// <param name="limit">The answer must have begun by then; a stream is left when its head is there.</param>
    /// <returns>The answer; its status is 0 where the connection was closed without one, and null where there was none in time.</returns>
    public static async Task<RawAnswer?> SendAsync(Uri api, ReadOnlyMemory<byte> request, TimeSpan limit)
    {
        using var client = new TcpClient { NoDelay = true };
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(limit);
        var clock = Stopwatch.StartNew();
        try
        {
            await client.ConnectAsync(IPAddress.Loopback, api.Port, patience.Token);
            var stream = client.GetStream();

            // The answer can come, and the connection be closed, before all is sent.
            var sending = SendAsync(stream, request, patience.Token);
            var answer = await ReadAsync(stream, clock, patience.Token);
            await sending;
            return answer;
        }
        catch (OperationCanceledException) when (!TestContext.Current.CancellationToken.IsCancellationRequested)
        {
            return null;
        }
        catch (Exception e) when (e is IOException or SocketException)
        {
            return new(0, None, "", clock.Elapsed);
        }
    }

    /// <summary>The bytes of a text: UTF-8, but for <c>U+E000</c> to <c>U+E0FF</c>, which stand for single bytes.</summary>
    public static byte[] Bytes(string text)
    {
        var bytes = new ArrayBufferWriter<byte>();
        foreach (var rune in text.EnumerateRunes())
        {
            var span = bytes.GetSpan(4);
            var isByte = rune.Value is >= 0xE000 and <= 0xE0FF;
            span[0] = (byte)rune.Value;
            bytes.Advance(isByte ? 1 : rune.EncodeToUtf8(span));
        }

        return bytes.WrittenSpan.ToArray();
    }

    private static async Task SendAsync(NetworkStream stream, ReadOnlyMemory<byte> request, CancellationToken cancellationToken)
    {
        try
        {
            await stream.WriteAsync(request, cancellationToken);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            // Whether there was an answer is what counts.
        }
    }

    /// <summary>Reads one answer.</summary>
    public static async Task<RawAnswer> ReadAsync(Stream stream, Stopwatch clock, CancellationToken cancellationToken)
    {
        var reader = new Buffered(stream);
        string[] head;
        do
        {
            head = [.. await reader.HeadAsync(cancellationToken)];
        }
        while (head is [var interim, ..] && interim.StartsWith("HTTP/1.1 1", StringComparison.Ordinal));
        if (head is not [var first, .. var lines])
        {
            return new(0, None, "", clock.Elapsed);
        }

        var began = clock.Elapsed;
        var headers = lines.Select(line => line.Split(':', 2)).ToLookup(parts => parts[0], parts => parts[^1].Trim(), StringComparer.OrdinalIgnoreCase)
            .ToDictionary(group => group.Key, group => string.Join(", ", group), StringComparer.OrdinalIgnoreCase);
        var status = int.Parse(first.Split(' ')[1], CultureInfo.InvariantCulture);
        var isStream = headers.GetValueOrDefault("Content-Type")?.StartsWith("text/event-stream", StringComparison.Ordinal) == true;
        var body = isStream || status is 204 or 304 ? "" : Encoding.UTF8.GetString(await reader.BodyAsync(headers, LongestAnswer, cancellationToken));
        return new(status, headers, body, began);
    }

    private sealed class Buffered(Stream stream)
    {
        private readonly byte[] _buffer = new byte[64 * 1024];
        private int _at;
        private int _end;

        public async Task<List<string>> HeadAsync(CancellationToken cancellationToken)
        {
            List<string> lines = [];
            while (await LineAsync(cancellationToken) is { Length: > 0 } line)
            {
                lines.Add(line);
            }

            return lines;
        }

        public async Task<byte[]> BodyAsync(Dictionary<string, string> headers, int limit, CancellationToken cancellationToken)
        {
            using var body = new MemoryStream();
            if (headers.TryGetValue("Content-Length", out var length))
            {
                await CopyAsync(body, Math.Min(limit, long.Parse(length, CultureInfo.InvariantCulture)), cancellationToken);
            }
            else if (headers.GetValueOrDefault("Transfer-Encoding") == "chunked")
            {
                while (await LineAsync(cancellationToken) is { } size && int.Parse(size, NumberStyles.HexNumber, CultureInfo.InvariantCulture) is > 0 and var count && body.Length < limit)
                {
                    await CopyAsync(body, count, cancellationToken);
                    await LineAsync(cancellationToken);
                }
            }

            return body.ToArray();
        }

        private async Task CopyAsync(MemoryStream to, long count, CancellationToken cancellationToken)
        {
            while (count > 0 && await FillAsync(cancellationToken))
            {
                var part = (int)Math.Min(count, _end - _at);
                to.Write(_buffer, _at, part);
                (_at, count) = (_at + part, count - part);
            }
        }

        private async Task<string?> LineAsync(CancellationToken cancellationToken)
        {
            var line = new StringBuilder();
            while (await FillAsync(cancellationToken))
            {
                var c = (char)_buffer[_at++];
                if (c == '\n')
                {
                    return line.ToString().TrimEnd('\r');
                }

                line.Append(c);
            }

            return null;
        }

        private async Task<bool> FillAsync(CancellationToken cancellationToken)
        {
            if (_at == _end)
            {
                (_at, _end) = (0, await stream.ReadAsync(_buffer, cancellationToken));
            }

            return _end > 0;
        }
    }
}

/// <summary>An answer as it came.</summary>
/// <param name="Status">0 where the connection was closed without one.</param>
/// <param name="Headers">By name, several of a name in one.</param>
/// <param name="Body">As text; empty for streams.</param>
/// <param name="After">How long it took to begin.</param>
internal sealed record RawAnswer(int Status, IReadOnlyDictionary<string, string> Headers, string Body, TimeSpan After)
{
    /// <summary>The type of the problem without what all types begin with; null where it is none.</summary>
    public string? Problem
    {
        get
        {
            if (Headers.GetValueOrDefault("Content-Type")?.StartsWith("application/problem+json", StringComparison.Ordinal) != true)
            {
                return null;
            }

            using var problem = JsonDocument.Parse(Body);
            return problem.RootElement.TryGetProperty("type", out var type) && type.GetString() is { } text && text.StartsWith("urn:codeagent:problem:", StringComparison.Ordinal)
                ? text["urn:codeagent:problem:".Length..] : null;
        }
    }
}
