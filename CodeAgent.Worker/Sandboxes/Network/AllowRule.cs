using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;

namespace CodeAgent.Worker.Sandboxes.Network;

/// <summary>One entry of the list of what programs may reach.</summary>
/// <param name="Host">The name, in lower case; none for a network.</param>
/// <param name="Below">Whether it is for all names below <paramref name="Host"/>, and not for itself.</param>
/// <param name="Range">The network; an address is a network of one.</param>
/// <param name="Port">The only port; 80 and 443 where there is none.</param>
internal sealed partial record AllowRule(string? Host, bool Below, IPNetwork? Range, int? Port)
{
    /// <summary>Reads an entry.</summary>
    public static bool TryParse(string text, out AllowRule? rule)
    {
        rule = null;
        if (IPAddress.TryParse(text, out var alone) && (text.Contains(':', StringComparison.Ordinal) || text.Count(c => c == '.') == 3))
        {
            rule = new(null, false, One(alone), null);
        }
        else if (IPNetwork.TryParse(text, out var range))
        {
            rule = new(null, false, range, null);
        }
        else if (Entry().Match(text) is { Success: true } match)
        {
            var port = match.Groups["port"] is { Success: true, ValueSpan: var digits } ? int.Parse(digits, CultureInfo.InvariantCulture) : (int?)null;
            var host = match.Groups["host"].Value.ToLowerInvariant();
            var isAddress = IPAddress.TryParse(host.Trim('[', ']'), out var address);
            if (port is 0 or > 65535 || (isAddress && match.Groups["below"].Success))
            {
                return false;
            }

            rule = isAddress ? new(null, false, One(address!), port) : new(host, match.Groups["below"].Success, null, port);
        }

        return rule is not null;
    }

    /// <summary>Whether it is for this port.</summary>
    public bool IsFor(int port) => Port is null ? port is 80 or 443 : port == Port;

    /// <summary>Whether it is for this name.</summary>
    public bool IsFor(string host) => Host is not null && (Below ? host.EndsWith("." + Host, StringComparison.Ordinal) : host == Host);

    /// <summary>Whether it is for this address.</summary>
    public bool IsFor(IPAddress address) => Range is { } range && range.Contains(address);

    private static IPNetwork One(IPAddress address) => new(address, address.GetAddressBytes().Length * 8);

    [GeneratedRegex(@"^(?<below>\*\.)?(?<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?(?:\.[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?)*)(?::(?<port>\d{1,5}))?\z")]
    private static partial Regex Entry();
}
