using CodeAgent.LlmGateway.Calls;
using CodeAgent.LlmGateway.Routing;

namespace CodeAgent.LlmGateway.Protocols.Chat;

internal static class ChatEndpoints
{
    public static void MapChat(this IEndpointRouteBuilder routes) =>
        routes.MapPost("/v1/chat/completions", static (HttpContext http, CallHandler handler) => handler.HandleAsync(http, Protocol.Chat))
            .RequireAuthorization(ModelAccess.Policy);
}
