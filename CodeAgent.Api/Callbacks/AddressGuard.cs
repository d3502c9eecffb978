using System.Net;
using System.Net.Sockets;
using Microsoft.Security.AntiSSRF;

namespace CodeAgent.Api.Callbacks;

/// <summary>
/// Connects to public addresses only. It looks at the addresses that it is about to connect to, not at the name, which can lead
/// elsewhere the next moment; and it refuses a name of whose addresses only some are public.
/// </summary>
/// <param name="allowed">What is allowed besides; asked each time.</param>
/// <param name="resolve">The addresses of a name.</param>
/// <remarks>The library's own handler resolves by itself, and is made for one list of exceptions; so of it we have its tables.</remarks>
internal sealed class AddressGuard(Func<IEnumerable<string>> allowed, Func<string, CancellationToken, Task<IPAddress[]>> resolve)
{
    // The registries of special addresses (RFC 6890, 8190), with those that lead to an IPv4 address (6to4, Teredo, NAT64), and the
    // clouds' own. Besides: IPv4-compatible addresses (RFC 4291, 2.5.5.1), IPv4-translated ones (RFC 2765, 2.1).
    private static readonly IPNetwork[] NotPublic = [.. IPAddressRanges.recommendedLatest.Append("::/96").Append("::ffff:0:0:0/96").Select(IPNetwork.Parse)];

    /// <summary>Whether it may be connected to.</summary>
    public bool IsAllowed(IPAddress address)
    {
        var plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        return !NotPublic.Any(range => range.Contains(plain)) || allowed().Any(range => IPNetwork.Parse(range).Contains(plain));
    }

    /// <summary>Connects, for <see cref="SocketsHttpHandler.ConnectCallback"/>.</summary>
    /// <exception cref="AddressRefusedException">It may not go there.</exception>
    /// <exception cref="SocketException">The name is not known, or nobody is there.</exception>
    public async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var (host, port) = (context.DnsEndPoint.Host, context.DnsEndPoint.Port);
        var addresses = IPAddress.TryParse(host, out var literal) ? [literal] : await resolve(host, cancellationToken);
        if (!addresses.All(IsAllowed))
        {
            throw new AddressRefusedException();
        }

        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(addresses, port, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}

/// <summary>A callback would have gone to an address that is not public. Which one is not said: whoever asks may be after that.</summary>
internal sealed class AddressRefusedException() : Exception("The name leads to an address that callbacks may not go to.");
