using CodeAgent.LlmGateway.Calls;
using CodeAgent.LlmGateway.Routing;

namespace CodeAgent.LlmGateway.Protocols.Messages;

internal static class MessagesEndpoints
{
    public static void MapMessages(this IEndpointRouteBuilder routes)
    {
        var messages = routes.MapGroup("/v1/messages").RequireAuthorization(ModelAccess.Policy);
        messages.MapPost("", static (HttpContext http, CallHandler handler) => handler.HandleAsync(http, Protocol.Messages));
        messages.MapPost("/count_tokens", static (HttpContext http, CallHandler handler) =>
            handler.HandleAsync(http, Protocol.Messages, Operation.CountTokens, isStream: false));
    }
}
