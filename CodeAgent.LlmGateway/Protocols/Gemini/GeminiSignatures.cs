using System.Buffers.Text;
using System.Text;
using CodeAgent.LlmGateway.Protocols.Neutral;

namespace CodeAgent.LlmGateway.Protocols.Gemini;

/// <summary>Google's thought signatures are bytes in base64, and some clients take them apart: another provider's signature is packed so.</summary>
internal static class GeminiSignatures
{
    /// <summary>What Google documents for a call that its model did not make: the check of the signature is left out.</summary>
    public const string Skip = "skip_thought_signature_validator";

    private const string Mark = "codeagent:";
    public const string Redacted = "redacted:";
    private const string Thought = "thought:";

    /// <summary>The signature of a thought, told apart from that of a call: it may stand with either.</summary>
    public static string OfThought(string signature) => Signatures.For(Protocol.Gemini, signature) is null ? Thought + signature : signature;

    public static string? AsThought(string signature) => signature.StartsWith(Thought, StringComparison.Ordinal) ? signature[Thought.Length..] : null;

    public static string ToCaller(string signature) =>
        Signatures.For(Protocol.Gemini, signature) ?? Convert.ToBase64String(Encoding.UTF8.GetBytes(Mark + signature));

    /// <summary>Reasoning that can only be handed back, as a signature.</summary>
    public static string OfRedacted(string data) => ToCaller(Redacted + data);

    public static string? AsRedacted(string signature) => signature.StartsWith(Redacted, StringComparison.Ordinal) ? signature[Redacted.Length..] : null;

    public static string FromCaller(string signature)
    {
        // Most are Google's own and long: looked into only where they begin as the mark does.
        return signature.StartsWith("Y29kZWFnZW50O", StringComparison.Ordinal) && Base64.IsValid(signature)
            && Encoding.UTF8.GetString(Convert.FromBase64String(signature)) is var text && text.StartsWith(Mark, StringComparison.Ordinal)
            ? text[Mark.Length..]
            : Signatures.From(Protocol.Gemini, signature);
    }
}
