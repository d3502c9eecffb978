using CodeAgent.LlmGateway.Calls;
using CodeAgent.LlmGateway.Protocols.Neutral;

namespace CodeAgent.LlmGateway.Protocols.Gemini;

/// <summary>Google's generateContent.</summary>
internal sealed class GeminiProtocol : IProtocol
{
    public Protocol Name => Protocol.Gemini;

    public Conversation Read(ModelRequest request) => GeminiRequestReader.Read(request);

    public byte[] Write(Conversation conversation, string model) => new GeminiRequestWriter(conversation, model).Write();

    public AnswerWatch Watch() => new GeminiWatch();

    public AnswerReader Reader() => new GeminiAnswerReader();

    public AnswerWriter Writer(ModelRequest request) => request.IsStream ? new GeminiStreamWriter(request.Model) : new GeminiAnswerWriter(request.Model);

    public byte[] Error(GatewayError error) => GeminiErrors.Body(error);

    public byte[] StreamError(GatewayError error) => GeminiErrors.Event(error);

    public GatewayError ReadError(int status, ReadOnlySpan<byte> body) => GeminiErrors.Read(status, body);
}
