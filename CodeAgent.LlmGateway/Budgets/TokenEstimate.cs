using System.Buffers;

namespace CodeAgent.LlmGateway.Budgets;

/// <summary>How many tokens something may be, where nobody has counted them.</summary>
internal static class TokenEstimate
{
    private const int BytesPerToken = 4;

    // What providers count for a large picture, about.
    private const int TokensPerAttachment = 1600;
    private const int ShortestAttachment = 4 * 1024;
    private const int LookedAt = 256;
    private static readonly SearchValues<byte> Base64 = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=-_:;,."u8);

    /// <summary>Tokens of the text of that many bytes, at least one where there are any.</summary>
    public static long OfText(long bytes) => (bytes + BytesPerToken - 1) / BytesPerToken;

    /// <summary>
    /// Tokens of a request's body. A picture is text of a hundred times as many bytes as tokens, so strings that look like one
    /// count as what pictures count.
    /// </summary>
    public static long OfBody(ReadOnlySpan<byte> body)
    {
        if (body.Length < ShortestAttachment)
        {
            return OfText(body.Length);
        }

        var (bytes, attachments) = (body.Length, 0);
        var rest = body;
        while (rest.Length >= ShortestAttachment && rest.IndexOf((byte)'"') is var quote and >= 0)
        {
            rest = rest[(quote + 1)..];
            if (rest.Length < ShortestAttachment || rest[..LookedAt].ContainsAnyExcept(Base64))
            {
                continue;
            }

            var end = rest.IndexOf((byte)'"') is var found and >= 0 ? found : rest.Length;
            if (end >= ShortestAttachment)
            {
                bytes -= end;
                attachments++;
            }

            rest = rest[Math.Min(end + 1, rest.Length)..];
        }

        return OfText(bytes) + ((long)attachments * TokensPerAttachment);
    }
}
