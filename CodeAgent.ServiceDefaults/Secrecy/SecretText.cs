using System.Buffers;
using System.Text;
using System.Text.Json;

namespace CodeAgent.ServiceDefaults.Secrecy;

/// <summary>
/// Takes secrets out of what is written down for people: those that this process knows by their value, and whatever has the shape
/// of a well-known kind of key. A text without any, which nearly all are, costs one search.
/// </summary>
public static class SecretText
{
    // Shorter ones are no secrets but words, and would be found everywhere.
    private const int Shortest = 8;
    private const string Instead = "***";
    private static readonly Lock Changing = new();
    private static volatile Known _known = new([]);

    /// <summary>Hides these values from now on, in this whole process. What has less than 8 characters is left out.</summary>
    public static void Know(params IEnumerable<string> secrets)
    {
        lock (Changing)
        {
            var all = _known.Values.Concat(secrets.Where(secret => secret.Length >= Shortest).SelectMany(Spellings))
                .Distinct(StringComparer.Ordinal).OrderByDescending(secret => secret.Length).ToArray();
            if (all.Length > _known.Values.Length)
            {
                _known = new(all);
            }
        }
    }

    /// <summary>The text, with <c>***</c> in the place of every secret.</summary>
    public static string Hide(string text)
    {
        var known = _known;
        if (!text.AsSpan().ContainsAny(known.Signs))
        {
            return text;
        }

        foreach (var secret in known.Values)
        {
            text = text.Replace(secret, Instead, StringComparison.Ordinal);
        }

        return SecretShapes.Any().Replace(text, Instead);
    }

    /// <summary>The same for UTF-8. What has no secret in it is not copied.</summary>
    public static ReadOnlySpan<byte> Hide(ReadOnlySpan<byte> text)
    {
        var characters = ArrayPool<char>.Shared.Rent(Encoding.UTF8.GetMaxCharCount(text.Length));
        try
        {
            var decoded = characters.AsSpan(0, Encoding.UTF8.GetChars(text, characters));
            return decoded.ContainsAny(_known.Signs) ? Encoding.UTF8.GetBytes(Hide(decoded.ToString())) : text;
        }
        finally
        {
            ArrayPool<char>.Shared.Return(characters);
        }
    }

    // As it is, and as it looks in JSON and in an address.
    private static IEnumerable<string> Spellings(string secret) => [secret, JsonEncodedText.Encode(secret).ToString(), Uri.EscapeDataString(secret)];

    private sealed class Known(string[] values)
    {
        public string[] Values { get; } = values;

        /// <summary>What one of them, or one of the shapes, must have in it.</summary>
        public SearchValues<string> Signs { get; } = SearchValues.Create([.. values, .. SecretShapes.Signs], StringComparison.Ordinal);
    }
}
