using System.Buffers.Text;
using System.Text.Json;
using CodeAgent.ServiceDefaults.Identity;

namespace CodeAgent.Api.Identity;

/// <summary>Tells a JWT from a key or a token of ours by its looks alone (RFC 7515, 3.1: three parts in base64url with dots between).</summary>
internal static class JwtShape
{
    private const string Bearer = "Bearer ";
    private const int LongestToken = 16 * 1024;

    /// <summary>Who a header's token says that it is from; null where it is no JWT. Nothing of it is verified.</summary>
    public static string? IssuerOf(string authorization)
    {
        if (!authorization.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase) || authorization.Length > LongestToken)
        {
            return null;
        }

        var token = authorization.AsSpan(Bearer.Length).Trim();
        if (token.StartsWith(Secret.KeyPrefix, StringComparison.Ordinal) || token.StartsWith(Secret.TokenPrefix, StringComparison.Ordinal) || token.Count('.') != 2)
        {
            return null;
        }

        var payload = token[(token.IndexOf('.') + 1)..token.LastIndexOf('.')];
        return Base64Url.IsValid(payload) ? Issuer(Base64Url.DecodeFromChars(payload)) : null;
    }

    private static string? Issuer(ReadOnlySpan<byte> json)
    {
        try
        {
            var reader = new Utf8JsonReader(json);
            return JsonElement.TryParseValue(ref reader, out var claims) && claims.Value.ValueKind == JsonValueKind.Object
                && claims.Value.TryGetProperty("iss", out var issuer) && issuer.ValueKind == JsonValueKind.String ? issuer.GetString() : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // No JSON, or no text in it: no token of anybody's.
            return null;
        }
    }
}
