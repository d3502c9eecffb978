using System.Text;
using System.Text.Json;
using CodeAgent.LlmGateway.Configuration;

namespace CodeAgent.LlmGateway.Providers;

/// <summary>
/// What nobody may be told of a provider: its key, and what of its headers and its query came from the environment. Providers
/// repeat such in errors, so all that comes from one is searched for it.
/// </summary>
internal sealed class ProviderSecrets
{
    // Shorter ones are no secrets but words, such as the "EMPTY" or "ollama" that servers without keys are given. They would be
    // found in what models say; in errors and headers one word less does no harm.
    private const int ShortestInAnswers = 16;
    private const int ShortestInErrors = 8;
    private const string Hidden = "***";

    private readonly string[] _inErrors;
    private readonly byte[][] _inAnswers;

    private ProviderSecrets(IEnumerable<string> secrets)
    {
        // The longest first: one may be a part of another.
        _inErrors = [.. secrets.Where(secret => secret.Length >= ShortestInErrors).SelectMany(Spellings).Distinct().OrderByDescending(text => text.Length)];
        _inAnswers = [.. _inErrors.Where(secret => secret.Length >= ShortestInAnswers).Select(Encoding.UTF8.GetBytes)];
    }

    /// <summary>Bytes of the longest one.</summary>
    public int Longest => _inAnswers is [var longest, ..] ? longest.Length : 0;

    public static ProviderSecrets Of(ProviderConfig provider) => new([
        provider.ApiKey?.Reveal() ?? "", .. provider.Headers.Values.Concat(provider.Query.Values).SelectMany(value => value.Secrets)]);

    public bool IsIn(string text) => Array.Exists(_inErrors, secret => text.Contains(secret, StringComparison.Ordinal));

    public string Hide(string text)
    {
        foreach (var secret in _inErrors)
        {
            text = text.Replace(secret, Hidden, StringComparison.Ordinal);
        }

        return text;
    }

    /// <summary>
    /// Overwrites them in a piece of an answer. The length stays, so that nothing is copied; a search runs at the speed of memory.
    /// </summary>
    /// <returns>How many bytes at the end may be the beginning of one, and must be looked at again with what follows.</returns>
    public int Hide(Span<byte> piece)
    {
        var open = 0;
        foreach (var secret in _inAnswers)
        {
            for (var rest = piece; rest.IndexOf(secret) is var at and >= 0; rest = rest[(at + secret.Length)..])
            {
                rest.Slice(at, secret.Length).Fill((byte)'*');
            }

            open = Math.Max(open, Open(piece, secret));
        }

        return open;
    }

    private static int Open(ReadOnlySpan<byte> piece, ReadOnlySpan<byte> secret)
    {
        for (var tail = piece[Math.Max(0, piece.Length - secret.Length + 1)..]; tail.IndexOf(secret[0]) is var at and >= 0; tail = tail[(at + 1)..])
        {
            if (secret.StartsWith(tail[at..]))
            {
                return tail.Length - at;
            }
        }

        return 0;
    }

    // As it is, and as it looks in JSON and in an address.
    private static IEnumerable<string> Spellings(string secret) =>
        [secret, JsonEncodedText.Encode(secret).ToString(), secret.Replace("/", "\\/", StringComparison.Ordinal), Uri.EscapeDataString(secret)];
}
