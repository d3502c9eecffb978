namespace CodeAgent.LlmGateway.Admin;

internal static class AdminEndpoints
{
    public static void MapAdmin(this IEndpointRouteBuilder routes)
    {
        routes.MapRoutes();
        routes.MapUsage();
        routes.MapKeys();
    }
}
