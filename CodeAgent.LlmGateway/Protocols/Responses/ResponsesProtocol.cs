using CodeAgent.LlmGateway.Calls;
using CodeAgent.LlmGateway.Protocols.Neutral;

namespace CodeAgent.LlmGateway.Protocols.Responses;

/// <summary>OpenAI's responses.</summary>
internal sealed class ResponsesProtocol(TimeProvider time) : IProtocol
{
    public Protocol Name => Protocol.Responses;

    public Conversation Read(ModelRequest request) => ResponsesRequestReader.Read(request);

    public byte[] Write(Conversation conversation, string model) => ResponsesRequestWriter.Write(conversation, model);

    public AnswerWatch Watch() => new ResponsesWatch();

    public AnswerReader Reader() => new ResponsesAnswerReader();

    public AnswerWriter Writer(ModelRequest request) => new ResponsesAnswerWriter(request, time);

    public byte[] Error(GatewayError error) => OpenAiErrors.Write(error);

    public byte[] StreamError(GatewayError error) => ResponsesErrors.InStream(error);

    public GatewayError ReadError(int status, ReadOnlySpan<byte> body) => OpenAiErrors.Read(status, body);
}
