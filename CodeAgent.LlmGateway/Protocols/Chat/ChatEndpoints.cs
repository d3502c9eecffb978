using CodeAgent.LlmGateway.Calls;
using CodeAgent.LlmGateway.Routing;

namespace CodeAgent.LlmGateway.Protocols.Chat;

internal static class ChatEndpoints
{
    public static void MapChat(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/v1").RequireAuthorization(ModelAccess.Policy);
        group.MapPost("/chat/completions", static (HttpContext http, CallHandler handler) => handler.HandleAsync(http, Protocol.Chat));
        group.MapPost("/embeddings", static (HttpContext http, CallHandler handler) => handler.HandleAsync(http, Protocol.Chat, Operation.Embed));
    }
}
