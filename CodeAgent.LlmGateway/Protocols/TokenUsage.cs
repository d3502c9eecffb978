namespace CodeAgent.LlmGateway.Protocols;

/// <summary>
/// The tokens of an answer, counted the same for every protocol: the parts are contained in <see cref="Input"/> and
/// <see cref="Output"/>. (Anthropic's own <c>input_tokens</c> leaves out what was read from or written to the cache, and
/// Gemini's <c>candidatesTokenCount</c> leaves out the thoughts.)
/// </summary>
/// <param name="Input">Tokens read, from and into the cache included.</param>
/// <param name="CachedInput">Tokens of these that came from the provider's cache.</param>
/// <param name="Output">Tokens written, the ones for reasoning included.</param>
/// <param name="Reasoning">Tokens of these that were written for reasoning.</param>
internal sealed record TokenUsage(long Input, long CachedInput, long Output, long Reasoning)
{
    /// <summary>Tokens of <see cref="Input"/> that were written into the provider's cache, whatever their time to live.</summary>
    public long CacheWrite { get; init; }

    /// <summary>Tokens of <see cref="CacheWrite"/> that are kept for an hour, which costs more.</summary>
    public long CacheWriteHour { get; init; }

    public long Total => Input + Output;
}
