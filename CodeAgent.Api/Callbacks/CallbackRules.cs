using System.Net;
using CodeAgent.Api.Repositories;
using CodeAgent.Api.Tasks;
using CodeAgent.ServiceDefaults.Configuration;

namespace CodeAgent.Api.Callbacks;

/// <summary>Which callbacks tasks may name. What is said about a wrong one never repeats it: it may hold a password.</summary>
internal sealed class CallbackRules(ConfigFile<ApiConfig> file, AddressGuard guard)
{
    private const int LongestUrl = 2_000;

    /// <exception cref="ServiceDefaults.Problems.ProblemException">400 where it is not allowed.</exception>
    public void Require(string? callback, string? tenant)
    {
        if (callback is null)
        {
            return;
        }

        var config = file.Current.Callbacks;
        Require(config.SecretsOf(tenant).Count > 0, tenant is null
            ? "Callbacks are signed, and there is no secret for that: whoever runs this server sets callbacks.secrets in config/api.yaml."
            : $"Callbacks are signed, and there is no secret for that: whoever runs this server sets callbacks.tenants.{tenant} in config/api.yaml.");
        Require(callback.Length <= LongestUrl && !callback.Any(c => char.IsControl(c) || char.IsWhiteSpace(c)) && Uri.TryCreate(callback, UriKind.Absolute, out _),
            $"A callback is an address, https://HOST/PATH, of at most {LongestUrl:N0} characters.");
        var address = new Uri(callback);
        Require(address.Scheme == Uri.UriSchemeHttps || (config.AllowHttp && address.Scheme == Uri.UriSchemeHttp),
            config.AllowHttp ? "A callback goes to https://HOST/PATH or http://HOST/PATH." : "A callback goes to https://HOST/PATH.");
        Require(address.UserInfo.Length == 0, "There are credentials in the callback's address. Take them out: the signature says who sends it.");
        Require(address.Fragment.Length == 0 && address.Host.Length > 0, "A callback's address names a host, and has no fragment.");

        // What is plain from the address alone is said at once; a name is looked up each time that something is sent.
        Require(!IPAddress.TryParse(address.IdnHost, out var literal) ? !address.IsLoopback || guard.IsAllowed(IPAddress.Loopback) : guard.IsAllowed(literal),
            "The callback leads to an address that is not public. Whoever runs this server can allow it: callbacks.allowedNetworks in config/api.yaml.");
    }

    private static void Require(bool fact, string detail)
    {
        if (!fact)
        {
            throw TaskProblems.Invalid("callback", detail);
        }
    }
}
