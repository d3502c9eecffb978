using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace CodeAgent.Worker.Sandboxes.Network;

/// <summary>What a program asks a proxy for.</summary>
/// <param name="Host">The host.</param>
/// <param name="Port">The port.</param>
/// <param name="Head">What the host is sent first: nothing for <c>CONNECT</c>, the request's head otherwise.</param>
/// <param name="Rest">What the program sent after the head already.</param>
internal sealed record ProxyRequest(string Host, int Port, byte[] Head, byte[] Rest)
{
    private const int LongestHead = 64 * 1024;
    private static readonly byte[] EndOfHead = "\r\n\r\n"u8.ToArray();

    /// <summary>Whether it is for a tunnel.</summary>
    public bool IsTunnel => Head.Length == 0;

    /// <summary>Reads it; none where it is no such request.</summary>
    /// <remarks>
    /// <code>
    /// CONNECT example.org:443 HTTP/1.1            GET http://example.org/a?b HTTP/1.1
    /// Host: example.org:443                       Host: example.org
    /// </code>
    /// </remarks>
    public static async Task<ProxyRequest?> ReadAsync(Socket socket, CancellationToken cancellationToken)
    {
        var buffer = new byte[LongestHead];
        for (var length = 0; length < buffer.Length;)
        {
            var read = await socket.ReceiveAsync(buffer.AsMemory(length), cancellationToken);
            length += read;
            var end = buffer.AsSpan(0, length).IndexOf(EndOfHead);
            if (end >= 0)
            {
                return Parse(Encoding.Latin1.GetString(buffer, 0, end), buffer[(end + EndOfHead.Length)..length]);
            }

            if (read == 0)
            {
                return null;
            }
        }

        return null;
    }

    private static ProxyRequest? Parse(string head, byte[] rest)
    {
        var lines = head.Split("\r\n");
        if (lines[0].Split(' ') is not [var method, var target, "HTTP/1.1" or "HTTP/1.0"])
        {
            return null;
        }

        if (method == "CONNECT")
        {
            var colon = target.LastIndexOf(':');
            return colon > 0 && int.TryParse(target.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port is > 0 and <= 65535
                ? new(target[..colon], port, [], rest)
                : null;
        }

        if (!Uri.TryCreate(target, UriKind.Absolute, out var uri) || uri.Scheme != Uri.UriSchemeHttp)
        {
            return null;
        }

        // One request a connection: the next one could be for another host.
        var kept = lines.Skip(1).Where(line => !line.StartsWith("Connection:", StringComparison.OrdinalIgnoreCase) && !line.StartsWith("Proxy-", StringComparison.OrdinalIgnoreCase)
            && !line.StartsWith("Host:", StringComparison.OrdinalIgnoreCase));
        var passed = string.Join("\r\n", [$"{method} {uri.PathAndQuery} HTTP/1.1", $"Host: {uri.Authority}", .. kept, "Connection: close", "", ""]);
        return new(uri.Host, uri.Port, Encoding.Latin1.GetBytes(passed), rest);
    }
}
