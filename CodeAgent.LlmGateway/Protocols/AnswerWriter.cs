using System.Buffers;
using CodeAgent.LlmGateway.Protocols.Neutral;

namespace CodeAgent.LlmGateway.Protocols;

/// <summary>
/// Says events in a protocol, streamed or as one answer, as the request asked. One for each answer, since it remembers where it
/// is. An answer ends with <see cref="AnswerEvent.Finished"/> or <see cref="AnswerEvent.Failed"/>, then <see cref="End"/>.
/// </summary>
internal abstract class AnswerWriter
{
    /// <summary>Why the answer cannot be said in this protocol, where that is so: what was written tells the caller, and nothing follows.</summary>
    public GatewayError? Error { get; protected set; }

    /// <summary>Takes an event; writes whole events of the stream, or nothing where the answer is to be given as one.</summary>
    public abstract void Write(AnswerEvent answerEvent, IBufferWriter<byte> output);

    /// <summary>The answer is over: writes what closes the stream, or the whole answer.</summary>
    public abstract void End(IBufferWriter<byte> output);
}
