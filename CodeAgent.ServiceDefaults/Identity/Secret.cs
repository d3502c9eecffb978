using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace CodeAgent.ServiceDefaults.Identity;

/// <summary>Bearer secrets: made here, shown once, kept only as a hash.</summary>
public static class Secret
{
    /// <summary>Prefix of API keys and worker keys.</summary>
    public const string KeyPrefix = "ca_";

    /// <summary>Prefix of task tokens.</summary>
    public const string TokenPrefix = "cat_";

    /// <summary>A new API or worker key, 256 random bits.</summary>
    public static string NewKey() => KeyPrefix + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));

    /// <summary>A new token for a lease: it names the task and the fencing number, and has 256 random bits.</summary>
    public static string NewToken(Guid task, long fence) =>
        $"{TokenPrefix}{task:N}.{fence}.{Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32))}";

    /// <summary>What is stored of a secret: SHA-256 in hexadecimal. With 256 random bits to guess, a slow hash would add nothing.</summary>
    public static string Hash(string secret)
    {
        Span<byte> bytes = stackalloc byte[512];
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.TryGetBytes(secret, bytes, out var written) ? bytes[..written] : Encoding.UTF8.GetBytes(secret), hash);
        return Convert.ToHexStringLower(hash);
    }

    /// <summary>Takes the task and the fencing number out of a token.</summary>
    public static bool TryReadToken(string token, out Guid task, out long fence)
    {
        (task, fence) = (default, 0);
        var parts = token.StartsWith(TokenPrefix, StringComparison.Ordinal) ? token[TokenPrefix.Length..].Split('.') : [];
        return parts.Length == 3
            && Guid.TryParseExact(parts[0], "N", out task)
            && long.TryParse(parts[1], System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out fence);
    }
}
