using CodeAgent.LlmGateway.Protocols;
using CodeAgent.LlmGateway.Protocols.Gemini;
using CodeAgent.LlmGateway.Protocols.Messages;

namespace CodeAgent.LlmGateway.Errors;

/// <summary>The forms in which the protocols' clients read errors.</summary>
internal static class ErrorForms
{
    public static byte[] Body(Protocol protocol, GatewayError error) => protocol switch
    {
        Protocol.Messages => MessagesErrors.Body(error),
        Protocol.Gemini => GeminiErrors.Body(error),
        _ => OpenAiErrors.Write(error),
    };

    /// <summary>The protocol of whoever asks; null for what is no model's, such as the administration.</summary>
    public static Protocol? Of(HttpRequest request)
    {
        var path = request.Path;
        return path.StartsWithSegments("/v1beta") ? Protocol.Gemini
            : !path.StartsWithSegments("/v1") ? null
            : path.StartsWithSegments("/v1/messages") ? Protocol.Messages
            : path.StartsWithSegments("/v1/tunedModels") ? Protocol.Gemini
            : !path.StartsWithSegments("/v1/models") ? Protocol.Chat
            : HttpMethods.IsPost(request.Method) ? Protocol.Gemini
            : request.Headers.ContainsKey("anthropic-version") ? Protocol.Messages
            : Protocol.Chat;
    }
}
