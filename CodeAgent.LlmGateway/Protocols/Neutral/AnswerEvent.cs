namespace CodeAgent.LlmGateway.Protocols.Neutral;

/// <summary>
/// A piece of an answer in no protocol's form. A part ends where one of another kind begins; tool calls are told apart by their
/// index. Usage may come more than once: the last one counts. <see cref="Finished"/> may come before the usage.
/// </summary>
internal abstract record AnswerEvent
{
    private AnswerEvent()
    {
    }

    /// <summary>The answer has begun.</summary>
    internal sealed record Started(string Id, string Model) : AnswerEvent
    {
        /// <summary>Seconds since 1970; null where the provider does not say.</summary>
        public long? Created { get; init; }
    }

    internal sealed record Text(string Delta) : AnswerEvent;

    /// <summary>The model says that it refuses.</summary>
    internal sealed record Refusal(string Delta) : AnswerEvent;

    /// <summary>What the model thinks, or a summary of it.</summary>
    internal sealed record Reasoning(string Delta) : AnswerEvent;

    /// <summary>What the provider wants back with the reasoning before it: a signature (Anthropic, Gemini) or the encrypted content (OpenAI).</summary>
    internal sealed record ReasoningSignature(string Signature) : AnswerEvent;

    /// <summary>Reasoning that can only be handed back (Anthropic's redacted thinking).</summary>
    internal sealed record RedactedReasoning(string Data) : AnswerEvent;

    /// <summary>A call of a tool begins; its arguments follow in fragments.</summary>
    /// <param name="Index">Counted from 0 in the answer.</param>
    /// <param name="Id">Never empty: made up where the provider gives none.</param>
    /// <param name="Name">The tool.</param>
    internal sealed record ToolCall(int Index, string Id, string Name) : AnswerEvent
    {
        /// <summary>Gemini's thought signature of the call.</summary>
        public string? Signature { get; init; }
    }

    /// <summary>A fragment of a call's arguments, which are JSON when they are put together.</summary>
    internal sealed record Arguments(int Index, string Delta) : AnswerEvent;

    internal sealed record Usage(TokenUsage Tokens) : AnswerEvent;

    internal sealed record Finished(FinishReason Reason) : AnswerEvent
    {
        /// <summary>The stop sequence that was met, where the provider says.</summary>
        public string? StopSequence { get; init; }
    }

    internal sealed record Failed(GatewayError Error) : AnswerEvent
    {
        /// <summary>An answer that came to its end without a word on why: half an answer must not look like a whole one.</summary>
        public static Failed BrokeOff { get; } = new(new GatewayError(StatusCodes.Status502BadGateway, "upstream_broken", "The provider's answer ended in the middle."));

        /// <summary>An answer that the gateway could not make sense of.</summary>
        public static Failed Untranslatable { get; } = new(new GatewayError(StatusCodes.Status502BadGateway, "upstream_invalid", "The provider's answer could not be translated."));
    }
}

internal enum FinishReason
{
    Stop,
    Length,
    ToolCalls,

    /// <summary>The provider's filter stopped it.</summary>
    Filtered,

    /// <summary>The model refused.</summary>
    Refused,
}
