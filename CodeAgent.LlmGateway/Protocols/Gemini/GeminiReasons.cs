using CodeAgent.LlmGateway.Protocols.Neutral;

namespace CodeAgent.LlmGateway.Protocols.Gemini;

/// <summary>Why an answer of Google's ended.</summary>
internal static class GeminiReasons
{
    /// <returns>
    /// Null where it is no end but a failure: MALFORMED_FUNCTION_CALL, UNEXPECTED_TOOL_CALL, OTHER and whatever is added. The
    /// answer came to nothing then, and can be asked for again.
    /// </returns>
    public static FinishReason? Of(string reason) => reason switch
    {
        "STOP" => FinishReason.Stop,
        "MAX_TOKENS" => FinishReason.Length,
        "SAFETY" or "RECITATION" or "LANGUAGE" or "BLOCKLIST" or "PROHIBITED_CONTENT" or "SPII" or "IMAGE_SAFETY" or "IMAGE_PROHIBITED_CONTENT" or "IMAGE_RECITATION" =>
            FinishReason.Filtered,
        _ => null,
    };
}
