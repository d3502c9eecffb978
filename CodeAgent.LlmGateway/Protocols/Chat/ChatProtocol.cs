using CodeAgent.LlmGateway.Calls;
using CodeAgent.LlmGateway.Errors;
using CodeAgent.LlmGateway.Protocols.Neutral;

namespace CodeAgent.LlmGateway.Protocols.Chat;

/// <summary>OpenAI's chat completions.</summary>
internal sealed class ChatProtocol : IProtocol
{
    public Protocol Name => Protocol.Chat;

    public Conversation Read(ModelRequest request) => throw new NotSupportedException();

    public byte[] Write(Conversation conversation, string model) => throw new NotSupportedException();

    public AnswerWatch Watch() => new ChatWatch();

    public AnswerReader Reader() => throw new NotSupportedException();

    public AnswerWriter Writer(ModelRequest request) => throw new NotSupportedException();

    public byte[] Error(GatewayError error) => new OpenAiError(error.Message, error.Type ?? "server_error", error.Code, error.Field).ToBytes();

    public byte[] StreamError(GatewayError error) => [.. "data: "u8, .. Error(error), .. "\n\n"u8];

    public GatewayError ReadError(int status, ReadOnlySpan<byte> body) => throw new NotSupportedException();
}
