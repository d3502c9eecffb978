using System.Security.Claims;
using System.Security.Cryptography;
using System.Text;

namespace CodeAgent.ServiceDefaults.Identity;

/// <summary>The keys from the environment.</summary>
internal sealed class ConfiguredKeys
{
    private volatile Prepared? _prepared;

    public ClaimsPrincipal? Find(string hash, IdentityOptions options)
    {
        var prepared = _prepared;
        if (prepared is null || prepared.Options != options)
        {
            _prepared = prepared = new(options, Prepare("development", options.ApiKey, Scopes.All.Except([Scopes.Work])), Prepare("worker", options.WorkerKey, [Scopes.Work]));
        }

        return Same(hash, prepared.Development.Hash) ? prepared.Development.Caller
            : Same(hash, prepared.Worker.Hash) ? prepared.Worker.Caller
            : null;
    }

    private static (string? Hash, ClaimsPrincipal Caller) Prepare(string name, string? secret, IEnumerable<string> scopes) =>
        (string.IsNullOrEmpty(secret) ? null : Secret.Hash(secret), new(CallerIdentity.Of(new(name, name, [.. scopes], default), null)));

    private static bool Same(string hash, string? known) =>
        known is not null && CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(hash), Encoding.ASCII.GetBytes(known));

    private sealed record Prepared(IdentityOptions Options, (string? Hash, ClaimsPrincipal Caller) Development, (string? Hash, ClaimsPrincipal Caller) Worker);
}
