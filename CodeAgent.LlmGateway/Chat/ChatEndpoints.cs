using CodeAgent.LlmGateway.Routing;

namespace CodeAgent.LlmGateway.Chat;

internal static class ChatEndpoints
{
    public static void MapChat(this IEndpointRouteBuilder routes) =>
        routes.MapPost("/v1/chat/completions", static (HttpContext http, ChatHandler handler) => handler.HandleAsync(http))
            .RequireAuthorization(ModelAccess.Policy);
}
