namespace CodeAgent.LlmGateway.Protocols.Neutral;

/// <summary>
/// Signatures of reasoning are only good for the kind of provider that made them, and callers hand them back wherever the
/// conversation goes next. So in neutral form each names its origin: <c>messages:EqQB…</c>. A provider's own bytes have no colon.
/// </summary>
internal static class Signatures
{
    /// <summary>Names the origin of a signature that does not name it yet.</summary>
    public static string From(Protocol origin, string signature) => IsNamed(signature) ? signature : $"{Name(origin)}:{signature}";

    /// <summary>The provider's own bytes; null where another kind of provider made them.</summary>
    public static string? For(Protocol protocol, string? signature) =>
        signature is not null && signature.StartsWith(Name(protocol) + ":", StringComparison.Ordinal) ? signature[(Name(protocol).Length + 1)..] : null;

    /// <summary>What a caller of this protocol is given: the bytes alone where they are its own provider's.</summary>
    public static string ToCaller(Protocol protocol, string signature) => For(protocol, signature) ?? signature;

    private static bool IsNamed(string signature) =>
        signature.IndexOf(':', StringComparison.Ordinal) is var colon and > 0 && Enum.TryParse<Protocol>(signature.AsSpan(0, colon), ignoreCase: true, out _);

    private static string Name(Protocol protocol) => protocol switch
    {
        Protocol.Messages => "messages",
        Protocol.Gemini => "gemini",
        Protocol.Responses => "responses",
        _ => "chat",
    };
}
