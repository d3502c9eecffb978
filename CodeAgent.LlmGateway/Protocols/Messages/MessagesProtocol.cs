using CodeAgent.LlmGateway.Calls;
using CodeAgent.LlmGateway.Protocols.Neutral;

namespace CodeAgent.LlmGateway.Protocols.Messages;

/// <summary>Anthropic's messages.</summary>
internal sealed class MessagesProtocol : IProtocol
{
    public Protocol Name => Protocol.Messages;

    public Conversation Read(ModelRequest request) => MessagesRequestReader.Read(request);

    public byte[] Write(Conversation conversation, string model) => new MessagesRequestWriter(conversation, model).Write();

    public AnswerWatch Watch() => new MessagesWatch();

    public AnswerReader Reader() => new MessagesAnswerReader();

    public AnswerWriter Writer(ModelRequest request) => request.IsStream ? new MessagesStreamWriter(request.Model) : new MessagesAnswerWriter(request.Model);

    public byte[] Error(GatewayError error) => MessagesErrors.Body(error);

    public byte[] StreamError(GatewayError error) => [.. "event: error\ndata: "u8, .. Error(error), .. "\n\n"u8];

    public GatewayError ReadError(int status, ReadOnlySpan<byte> body) => MessagesErrors.Read(status, body);
}
