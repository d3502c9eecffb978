namespace CodeAgent.LlmGateway.Protocols.Chat;

internal static class ChatErrors
{
    /// <summary>An error in mid-stream: OpenAI's clients take an event with <c>error</c> in it for a failure.</summary>
    public static byte[] InStream(GatewayError error) => [.. "data: "u8, .. OpenAiErrors.Write(error), .. "\n\n"u8];
}
