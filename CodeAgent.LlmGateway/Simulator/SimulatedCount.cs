using CodeAgent.LlmGateway.Protocols;

namespace CodeAgent.LlmGateway.Simulator;

/// <summary>How many tokens a conversation has, in the form of the protocols that can be asked.</summary>
internal static class SimulatedCount
{
    public static byte[] Answer(Protocol protocol, int tokens) => JsonEvents.Bytes(json =>
    {
        json.WriteStartObject();
        json.WriteNumber(protocol == Protocol.Gemini ? "totalTokens" : "input_tokens", tokens);
        json.WriteEndObject();
    });
}
