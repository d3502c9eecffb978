using System.Net;
using CodeAgent.ServiceDefaults.Configuration;

namespace CodeAgent.Api.Callbacks;

/// <summary>How tasks call back: the section <c>callbacks</c> of <c>config/api.yaml</c>.</summary>
internal sealed class CallbackConfig
{
    /// <summary>What callbacks are signed with: <c>whsec_</c> and 24 to 64 bytes in base64. With several, each callback has a signature of each, so that receivers can go over from one to the next.</summary>
    public List<ConfigSecret> Secrets { get; set; } = [];

    /// <summary>The same for the tasks of a tenant, so that no tenant's receiver can pass for another's. A tenant without any has no callbacks.</summary>
    public Dictionary<string, List<ConfigSecret>> Tenants { get; set; } = [];

    /// <summary>Whether a callback may go over plain HTTP. Not by default.</summary>
    public bool AllowHttp { get; set; }

    /// <summary>Ranges such as <c>10.1.0.0/16</c> that callbacks may go to, though they are not public. None by default.</summary>
    public List<string> AllowedNetworks { get; set; } = [];

    /// <summary>A receiver has so long to take the callback and begin to answer. 1 to 60 seconds, 10 seconds by default.</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>After so many tries a callback is given up. 1 to 50, 10 by default.</summary>
    public int Attempts { get; set; } = 10;

    /// <summary>The second try comes so long after the first, and each pause after that is three times as long. 0.1 seconds to 1 hour, 10 seconds by default.</summary>
    public TimeSpan FirstPause { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>No pause is longer, but for one that the receiver asks for. 1 second to 1 day, 12 hours by default.</summary>
    public TimeSpan LongestPause { get; set; } = TimeSpan.FromHours(12);

    /// <summary>A callback that is so old is given up, however few its tries. 1 minute to 30 days, 3 days by default.</summary>
    public TimeSpan GiveUpAfter { get; set; } = TimeSpan.FromDays(3);

    /// <summary>Callbacks that are under way at once, of an instance. 1 to 1,000, 64 by default.</summary>
    public int AtOnce { get; set; } = 64;

    /// <summary>Of these, to one receiver. 1 to 1,000, 4 by default.</summary>
    public int AtOncePerReceiver { get; set; } = 4;

    /// <summary>The secrets for the tasks of a tenant, or of the house itself; none where there are no callbacks.</summary>
    public IReadOnlyList<string> SecretsOf(string? tenant) =>
        [.. (tenant is null ? Secrets : Tenants.GetValueOrDefault(tenant) ?? []).Where(secret => secret.HasValue).Select(secret => secret.Reveal())];

    public void Validate(ConfigProblems problems)
    {
        Require(Secrets, "callbacks.secrets", problems);
        foreach (var (tenant, secrets) in Tenants)
        {
            Require(secrets, $"callbacks.tenants.{tenant}", problems);
        }

        for (var i = 0; i < AllowedNetworks.Count; i++)
        {
            problems.Require(IPNetwork.TryParse(AllowedNetworks[i], out _), $"callbacks.allowedNetworks[{i}]", "a range of addresses, such as 10.1.0.0/16 or fd00:1::/32");
        }

        Require(Timeout, 1, 60, "timeout", "1s to 60s", problems);
        Require(FirstPause, 0.1, 3600, "firstPause", "100ms to 1h", problems);
        Require(LongestPause, 1, 86_400, "longestPause", "1s to 1d", problems);
        Require(GiveUpAfter, 60, 30 * 86_400, "giveUpAfter", "1m to 30d", problems);
        problems.Require(Attempts is >= 1 and <= 50, "callbacks.attempts", "1 to 50");
        problems.Require(AtOnce is >= 1 and <= 1000, "callbacks.atOnce", "1 to 1000");
        problems.Require(AtOncePerReceiver is >= 1 and <= 1000, "callbacks.atOncePerReceiver", "1 to 1000");
    }

    private static void Require(TimeSpan span, double least, double most, string name, string range, ConfigProblems problems) =>
        problems.Require(span.TotalSeconds >= least && span.TotalSeconds <= most, $"callbacks.{name}", range);

    private static void Require(List<ConfigSecret> secrets, string path, ConfigProblems problems)
    {
        for (var i = 0; i < secrets.Count; i++)
        {
            problems.Require(!secrets[i].HasValue || CallbackSignature.TryReadSecret(secrets[i].Reveal(), out _), $"{path}[{i}]",
                "a secret is whsec_ and 24 to 64 bytes in base64: echo whsec_$(openssl rand -base64 32)");
        }
    }
}
