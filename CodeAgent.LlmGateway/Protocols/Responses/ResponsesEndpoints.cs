using CodeAgent.LlmGateway.Calls;
using CodeAgent.LlmGateway.Routing;

namespace CodeAgent.LlmGateway.Protocols.Responses;

internal static class ResponsesEndpoints
{
    public static void MapResponses(this IEndpointRouteBuilder routes) =>
        routes.MapPost("/v1/responses", static (HttpContext http, CallHandler handler) => handler.HandleAsync(http, Protocol.Responses))
            .RequireAuthorization(ModelAccess.Policy);
}
