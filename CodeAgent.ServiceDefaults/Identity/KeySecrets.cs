using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;

namespace CodeAgent.ServiceDefaults.Identity;

/// <summary>
/// The server's own secrets that keys and tokens are hashed with (HMAC-SHA256, RFC 2104), so that who reads or copies Redis can
/// neither test guesses nor recognize a key that they have. There may be several versions: the newest hashes, all are looked for.
/// </summary>
public sealed class KeySecrets : IDisposable
{
    /// <summary>The shortest secret that is taken, in characters.</summary>
    public const int ShortestSecret = 32;

    private const string NoSecret = "none";
    private readonly IDisposable? _watch;
    private volatile Version[] _versions = [];

    /// <summary>Secrets as they are configured, and as they become.</summary>
    /// <exception cref="OptionsValidationException">One is too short.</exception>
    public KeySecrets(IOptionsMonitor<IdentityOptions> options)
    {
        Set(options.CurrentValue);
        _watch = options.OnChange(Set);

        void Set(IdentityOptions now)
        {
            if (string.IsNullOrEmpty(now.KeySecretFile))
            {
                Use(now.KeySecret);
            }
        }
    }

    internal KeySecrets(string? secrets) => Use(secrets);

    /// <summary>Raised after the secrets were replaced.</summary>
    public event Action? Changed;

    /// <summary>Whether there is a secret at all; without one, keys are kept as their bare SHA-256.</summary>
    public bool HasSecret => _versions.Length > 0;

    /// <summary>Names the secrets without telling them, the newest first: two services that have the same ones name the same.</summary>
    public IReadOnlyList<string> Fingerprints => _versions is { Length: > 0 } versions ? [.. versions.Select(version => version.Fingerprint)] : [NoSecret];

    // Changes whenever the hashes do.
    internal object Current => _versions;

    /// <summary>What is stored of a key or a token from now on.</summary>
    public string Hash(string secret) => _versions is [var newest, ..] ? newest.Hash(secret) : Secret.Hash(secret);

    /// <summary>All that may be stored of a key or a token: by the newest secret, by the older ones, and from before there was any.</summary>
    public IReadOnlyList<string> Hashes(string secret) => [.. _versions.Select(version => version.Hash(secret)), Secret.Hash(secret)];

    /// <summary>Whether <paramref name="stored"/> is of this key or token. Takes as long whatever it is.</summary>
    public bool Fits(string secret, string stored)
    {
        var expected = Encoding.ASCII.GetBytes(stored);
        return Hashes(secret).Aggregate(false, (fits, hash) => CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(hash), expected) | fits);
    }

    /// <summary>Replaces the secrets.</summary>
    /// <param name="secrets">The newest first, with blanks, commas or line ends between them.</param>
    /// <exception cref="OptionsValidationException">One is too short; the ones from before stay.</exception>
    internal void Use(string? secrets)
    {
        var versions = (secrets ?? "").Split([',', ' ', '\t', '\r', '\n'], StringSplitOptions.RemoveEmptyEntries).Distinct().ToArray();
        if (versions.Any(version => version.Length < ShortestSecret))
        {
            throw new OptionsValidationException("CODEAGENT_KEY_SECRET", typeof(IdentityOptions),
                [$"CODEAGENT_KEY_SECRET: each secret has at least {ShortestSecret} characters, as 'openssl rand -base64 32' makes them; several are separated by commas, the newest first."]);
        }

        _versions = [.. versions.Select(version => new Version(version))];
        Changed?.Invoke();
    }

    /// <inheritdoc />
    public void Dispose() => _watch?.Dispose();

    private sealed class Version
    {
        private readonly byte[] _key;

        public Version(string secret)
        {
            _key = Encoding.UTF8.GetBytes(secret);
            Fingerprint = Hash("codeagent: which key secret is this?")[..12];
        }

        public string Fingerprint { get; }

        public string Hash(string secret)
        {
            Span<byte> bytes = stackalloc byte[512];
            Span<byte> hash = stackalloc byte[HMACSHA256.HashSizeInBytes];
            HMACSHA256.HashData(_key, Encoding.UTF8.TryGetBytes(secret, bytes, out var written) ? bytes[..written] : Encoding.UTF8.GetBytes(secret), hash);
            return Convert.ToHexStringLower(hash);
        }
    }
}
