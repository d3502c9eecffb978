using CodeAgent.LlmGateway.Calls;
using CodeAgent.LlmGateway.Protocols.Neutral;

namespace CodeAgent.LlmGateway.Protocols;

/// <summary>
/// What there is to know of a protocol. Where caller and provider speak the same one, requests and answers go through as bytes
/// and only <see cref="Watch"/> looks on; where they do not, both are translated by way of <see cref="Conversation"/> and
/// <see cref="AnswerEvent"/>.
/// </summary>
internal interface IProtocol
{
    Protocol Name { get; }

    /// <summary>Understands a caller's request.</summary>
    /// <exception cref="ServiceDefaults.Problems.ProblemException">400: it is not valid, or has something that no other protocol can express; the field is named.</exception>
    Conversation Read(ModelRequest request);

    /// <summary>Says a conversation in this protocol.</summary>
    /// <param name="conversation">The conversation.</param>
    /// <param name="model">The model's name at the provider.</param>
    /// <exception cref="ServiceDefaults.Problems.ProblemException">400: this protocol cannot express a part of it; what is named.</exception>
    byte[] Write(Conversation conversation, string model);

    /// <summary>Looks on while an answer in this protocol goes through.</summary>
    AnswerWatch Watch();

    /// <summary>Understands a provider's answer.</summary>
    AnswerReader Reader();

    /// <summary>Says an answer to a caller.</summary>
    /// <param name="request">What the caller asked, so that the answer has the form that was asked for.</param>
    AnswerWriter Writer(ModelRequest request);

    /// <summary>The body of an answer that is an error.</summary>
    byte[] Error(GatewayError error);

    /// <summary>An error in the middle of a stream: whole events, in the form that the protocol's clients take for a failure.</summary>
    byte[] StreamError(GatewayError error);

    /// <summary>Understands a provider's error. Never throws: what cannot be understood is told as text.</summary>
    GatewayError ReadError(int status, ReadOnlySpan<byte> body);
}
