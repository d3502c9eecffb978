using CodeAgent.LlmGateway.Protocols.Neutral;

namespace CodeAgent.LlmGateway.Protocols;

/// <summary>Turns a provider's answer into events. One for each answer, since it remembers where it is.</summary>
internal abstract class AnswerReader
{
    /// <summary>One event of a stream: what its <c>data:</c> line holds. Adds what it means to <paramref name="events"/>.</summary>
    /// <remarks>What cannot be understood becomes <see cref="AnswerEvent.Failed"/>, never nothing.</remarks>
    public abstract void Data(ReadOnlySpan<byte> data, List<AnswerEvent> events);

    /// <summary>An answer that is no stream, as a whole: the same events, each part in one piece.</summary>
    public abstract void Whole(ReadOnlySpan<byte> json, List<AnswerEvent> events);
}
