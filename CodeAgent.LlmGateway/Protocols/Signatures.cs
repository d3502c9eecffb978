namespace CodeAgent.LlmGateway.Protocols;

/// <summary>
/// What a provider wants back with its reasoning is good for that provider alone; another one refuses it. So where it leaves a
/// translated answer it is marked with the protocol that it came in, and handed back only to that.
/// </summary>
internal static class Signatures
{
    public static string Mark(Protocol protocol, string signature) => Prefix(protocol) + signature;

    /// <summary>The signature for a provider of this protocol; null where it is not marked as one of its.</summary>
    public static string? For(Protocol protocol, string? signature) =>
        signature?.StartsWith(Prefix(protocol), StringComparison.Ordinal) == true ? signature[Prefix(protocol).Length..] : null;

    private static string Prefix(Protocol protocol) => protocol switch
    {
        Protocol.Responses => "responses:",
        Protocol.Messages => "messages:",
        Protocol.Gemini => "gemini:",
        _ => "chat:",
    };
}
