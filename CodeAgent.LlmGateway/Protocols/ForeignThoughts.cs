namespace CodeAgent.LlmGateway.Protocols;

/// <summary>
/// Finds in a conversation what another kind of provider thought. Where a conversation moved between deployments, its history holds
/// signatures that name another origin, or none; the provider would refuse the whole conversation for them, now and ever after. What
/// they belong to is left out, and the rest goes through as it is.
/// </summary>
internal static class ForeignThoughts
{
    /// <summary>The changes that the body needs; nearly always none, and then nothing is parsed or allocated.</summary>
    /// <param name="protocol">The protocol of the caller and of the provider.</param>
    /// <param name="body">A body that is known to be valid.</param>
    /// <param name="messages">Where its list of messages begins; 0 where there is none.</param>
    /// <param name="model">The model's name at the provider.</param>
    public static IReadOnlyList<(int Start, int End, byte[] Text)> Find(Protocol protocol, ReadOnlySpan<byte> body, int messages, string model) =>
        messages > 0 && HasMark(protocol, body[messages..]) ? new ForeignThoughtWalk(protocol, model).Walk(body) : [];

    /// <summary>Whether a signature as it stands in the body is one that the provider did not make.</summary>
    public static bool IsForeign(Protocol protocol, ReadOnlySpan<byte> signature)
    {
        if (protocol == Protocol.Gemini)
        {
            return signature.StartsWith("Y29kZWFnZW50O"u8);
        }

        var colon = signature[..Math.Min(signature.Length, 12)].IndexOf((byte)':');
        return signature.IsEmpty || (colon > 0 && IsOrigin(signature[..colon]));
    }

    // In quotes and followed by one: what stands in somebody's text has its quotes escaped.
    private static bool HasMark(Protocol protocol, ReadOnlySpan<byte> body) => protocol switch
    {
        Protocol.Gemini => body.IndexOf("\"Y29kZWFnZW50O"u8) >= 0,
        Protocol.Responses => HasForeign(protocol, body, "encrypted_content\""u8) || HasMadeUpId(body),
        Protocol.Messages when body.IndexOf("thinking\""u8) < 0 => false,
        _ => HasForeign(protocol, body, "signature\""u8) || HasForeign(protocol, body, "data\""u8),
    };

    private static bool HasForeign(Protocol protocol, ReadOnlySpan<byte> body, ReadOnlySpan<byte> name)
    {
        while (body.IndexOf(name) is var at and >= 0)
        {
            body = body[(at + name.Length)..];
            var value = body[..Math.Min(body.Length, 64)].TrimStart(" \t\r\n"u8);
            if (value.Length > 0 && value[0] == (byte)':' && value[1..].TrimStart(" \t\r\n"u8) is [(byte)'"', .. var text]
                && IsForeign(protocol, text.IndexOf((byte)'"') is var end and >= 0 ? text[..end] : text))
            {
                return true;
            }
        }

        return false;
    }

    private static bool HasMadeUpId(ReadOnlySpan<byte> body)
    {
        while (body.IndexOf("\"rs_"u8) is var at and >= 0)
        {
            body = body[(at + 1)..];
            if (body.IndexOf((byte)'"') is var end and >= 0 && IsMadeUpId(body[..end]))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Whether a reasoning item's id was made up here (rs_ID_0): no provider remembers what it stands for.</summary>
    public static bool IsMadeUpId(ReadOnlySpan<byte> id) => id.StartsWith("rs_"u8)
        && id.LastIndexOf((byte)'_') is var last and > 2 && last < id.Length - 1 && !id[(last + 1)..].ContainsAnyExceptInRange((byte)'0', (byte)'9');

    private static bool IsOrigin(ReadOnlySpan<byte> name) => name.SequenceEqual("messages"u8) || name.SequenceEqual("responses"u8) || name.SequenceEqual("gemini"u8)
        || name.SequenceEqual("chat"u8) || name.SequenceEqual("redacted"u8) || name.SequenceEqual("call"u8);
}
