using System.Security.Claims;
using System.Security.Cryptography;
using System.Text;

namespace CodeAgent.ServiceDefaults.Identity;

/// <summary>The keys from the environment.</summary>
internal sealed class ConfiguredKeys
{
    private volatile Prepared? _prepared;

    /// <summary>The key with this hash; null where it is none of these.</summary>
    /// <param name="hash">The hash by the newest of <paramref name="secrets"/>.</param>
    /// <param name="options">The keys.</param>
    /// <param name="secrets">What hashes them.</param>
    /// <param name="generation">Which secrets these were when <paramref name="hash"/> was made.</param>
    public ClaimsPrincipal? Find(string hash, IdentityOptions options, KeySecrets secrets, object generation)
    {
        var prepared = _prepared;
        if (prepared is null || prepared.Options != options || prepared.Generation != generation)
        {
            _prepared = prepared = new(options, generation,
                Prepare("development", options.ApiKey, Scopes.All.Except([Scopes.Work]), secrets), Prepare("worker", options.WorkerKey, [Scopes.Work], secrets));
        }

        return Same(hash, prepared.Development.Hash) ? prepared.Development.Caller
            : Same(hash, prepared.Worker.Hash) ? prepared.Worker.Caller
            : null;
    }

    private static (byte[]? Hash, ClaimsPrincipal Caller) Prepare(string name, string? secret, IEnumerable<string> scopes, KeySecrets secrets) =>
        (string.IsNullOrEmpty(secret) ? null : Encoding.ASCII.GetBytes(secrets.Hash(secret)), new(CallerIdentity.Of(new(name, name, [.. scopes], default), null)));

    private static bool Same(string hash, byte[]? known)
    {
        Span<byte> bytes = stackalloc byte[SHA256.HashSizeInBytes * 2];
        return known is not null && Encoding.ASCII.TryGetBytes(hash, bytes, out var written) && CryptographicOperations.FixedTimeEquals(bytes[..written], known);
    }

    private sealed record Prepared(
        IdentityOptions Options, object Generation, (byte[]? Hash, ClaimsPrincipal Caller) Development, (byte[]? Hash, ClaimsPrincipal Caller) Worker);
}
