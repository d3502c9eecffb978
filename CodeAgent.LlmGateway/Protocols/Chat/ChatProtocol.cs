using CodeAgent.LlmGateway.Calls;
using CodeAgent.LlmGateway.Protocols.Neutral;

namespace CodeAgent.LlmGateway.Protocols.Chat;

/// <summary>OpenAI's chat completions.</summary>
internal sealed class ChatProtocol(TimeProvider time) : IProtocol
{
    public Protocol Name => Protocol.Chat;

    public Conversation Read(ModelRequest request) => ChatRequestReader.Read(request);

    public byte[] Write(Conversation conversation, string model) => ChatRequestWriter.Write(conversation, model);

    public AnswerWatch Watch() => new ChatWatch();

    public AnswerReader Reader() => new ChatAnswerReader();

    public AnswerWriter Writer(ModelRequest request) => new ChatAnswerWriter(request, time);

    public byte[] Error(GatewayError error) => OpenAiErrors.Write(error);

    public byte[] StreamError(GatewayError error) => ChatErrors.InStream(error);

    public GatewayError ReadError(int status, ReadOnlySpan<byte> body) => OpenAiErrors.Read(status, body);
}
