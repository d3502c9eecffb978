namespace CodeAgent.LlmGateway.Protocols.Responses;

/// <summary>
/// A reasoning item has one field for what must be handed back: <c>encrypted_content</c>. What other providers want back is put
/// there too; where it is not simply the signature of the item's text, a prefix says what it is.
/// </summary>
internal static class ResponsesSignatures
{
    private const string Redacted = "redacted:";
    private const string Call = "call:";

    public static string OfRedacted(string data) => Redacted + data;

    public static string OfCall(string signature) => Call + signature;

    public static string? AsRedacted(string encrypted) => encrypted.StartsWith(Redacted, StringComparison.Ordinal) ? encrypted[Redacted.Length..] : null;

    public static string? AsCall(string encrypted) => encrypted.StartsWith(Call, StringComparison.Ordinal) ? encrypted[Call.Length..] : null;
}
