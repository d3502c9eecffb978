using CodeAgent.LlmGateway.Admin;
using CodeAgent.ServiceDefaults.Problems;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CodeAgent.LlmGateway.Turns;

internal static class TurnEndpoints
{
    public static void MapTurns(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/admin/turns", ListAsync).RequireAuthorization(AdminAccess.Policy);

    private static async Task<JsonHttpResult<TurnList>> ListAsync(string? task, TurnStore turns) =>
        Guid.TryParse(task, out var id)
            ? TypedResults.Json(await turns.ListAsync(id), TurnJson.Default.TurnList)
            : throw new ProblemException("invalid-field", StatusCodes.Status400BadRequest, "'task' must be the id of a task.") { Field = "task" };
}
