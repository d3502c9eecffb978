using System.Net;
using System.Net.Sockets;

namespace CodeAgent.Worker.Sandboxes.Network;

/// <summary>What programs may reach.</summary>
internal sealed class AllowList(IEnumerable<string> entries)
{
    private static readonly IPNetwork[] Private =
    [
        .. ((string[])[
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/3",
            "::/127", "64:ff9b::/96", "64:ff9b:1::/48", "fc00::/7", "fe80::/10", "ff00::/8",
        ]).Select(IPNetwork.Parse),
    ];

    private readonly List<AllowRule> _rules = [.. entries.Select(entry => AllowRule.TryParse(entry, out var rule) ? rule! : throw new FormatException($"'{entry}' is no host."))];

    /// <summary>Whether there is nothing on it.</summary>
    public bool IsEmpty => _rules.Count == 0;

    /// <summary>The addresses of a host that may be reached; none where it, or all that its name leads to, may not.</summary>
    /// <exception cref="SocketException">Nobody knows the name.</exception>
    public async Task<IReadOnlyList<IPAddress>> FindAsync(string host, int port, CancellationToken cancellationToken)
    {
        if (IPAddress.TryParse(host.Trim('[', ']'), out var address))
        {
            return IsListed(Plain(address), port) ? [address] : [];
        }

        var name = host.TrimEnd('.').ToLowerInvariant();
        if (!_rules.Any(rule => rule.IsFor(name) && rule.IsFor(port)))
        {
            return [];
        }

        // A name leads where its owner says. What is private is reached only where whoever runs this worker says so.
        return [.. (await Dns.GetHostAddressesAsync(name, cancellationToken)).Where(found => !IsPrivate(Plain(found)) || IsListed(Plain(found), port))];
    }

    private static IPAddress Plain(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;

    private static bool IsPrivate(IPAddress address) => Private.Any(range => range.Contains(address));

    private bool IsListed(IPAddress address, int port) => _rules.Any(rule => rule.IsFor(address) && rule.IsFor(port));
}
