using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace CodeAgent.Api.Callbacks;

/// <summary>Signs by Standard Webhooks 1.0.0 (standardwebhooks.com): HMAC-SHA256 over <c>id.timestamp.body</c>, in base64 after <c>v1,</c>.</summary>
internal static class CallbackSignature
{
    private const string Prefix = "whsec_";

    /// <summary>The value of <c>webhook-signature</c>: a signature for each secret, with a blank between them.</summary>
    /// <param name="secrets">The secrets, as they are configured.</param>
    /// <param name="id">The value of <c>webhook-id</c>.</param>
    /// <param name="at">The value of <c>webhook-timestamp</c>: seconds since 1970.</param>
    /// <param name="body">What is sent.</param>
    public static string Of(IEnumerable<string> secrets, string id, long at, ReadOnlySpan<byte> body)
    {
        var signed = new byte[Encoding.UTF8.GetByteCount(id) + body.Length + 32];
        var length = Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{id}.{at}."), signed);
        body.CopyTo(signed.AsSpan(length));
        length += body.Length;
        var signatures = new List<string>();
        foreach (var secret in secrets)
        {
            signatures.Add("v1," + Convert.ToBase64String(HMACSHA256.HashData(TryReadSecret(secret, out var key) ? key : [], signed.AsSpan(0, length))));
        }

        return string.Join(' ', signatures);
    }

    /// <summary>Reads <c>whsec_</c> and 24 to 64 bytes in base64; the prefix may be missing.</summary>
    public static bool TryReadSecret(string text, [NotNullWhen(true)] out byte[]? key)
    {
        var base64 = text.StartsWith(Prefix, StringComparison.Ordinal) ? text[Prefix.Length..] : text;
        var bytes = new byte[base64.Length];
        key = Convert.TryFromBase64String(base64, bytes, out var length) && length is >= 24 and <= 64 ? bytes[..length] : null;
        return key is not null;
    }
}
