using System.Security.Claims;
using CodeAgent.Api.Http;
using CodeAgent.Api.Idempotency;
using CodeAgent.Api.Operations;
using CodeAgent.Api.Page;
using CodeAgent.ServiceDefaults.Identity;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Net.Http.Headers;

namespace CodeAgent.Api.Legacy;

/// <summary>The endpoints of the server that this one replaces, for what asked it. <c>GET /health</c> is every service's.</summary>
internal static class LegacyEndpoints
{
    public static WebApplicationBuilder AddLegacy(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<LegacyReader>();
        return builder;
    }

    public static WebApplication MapLegacy(this WebApplication app)
    {
        var legacy = app.MapGroup("").WithTags("As the old server");

        // The page is open to all, and what programs get here is not: the handler knows which it is.
        legacy.MapGet("/", IndexAsync).AllowAnonymous().WithSummary("See the server at a glance; in a browser, the page")
            .Produces<LegacyIndex>().Produces(StatusCodes.Status200OK, contentType: "text/html");
        legacy.MapGet("/status", StatusAsync).RequireAuthorization(Scopes.Read).WithQuery().WithSummary("See the server, its tasks and the one that runs");
        var operate = legacy.MapGroup("").RequireAuthorization(Scopes.Operate).WithQuery().WithIdempotency().ProducesProblem(StatusCodes.Status403Forbidden);
        operate.MapPost("/stop", StopAsync).WithSummary("As POST /v1/operations/drain");
        operate.MapPost("/restart", RestartAsync).WithSummary("As POST /v1/operations/restart");
        return app;
    }

    private static async Task<IResult> IndexAsync(HttpContext http, IAuthorizationService authorization, LegacyReader reader)
    {
        http.Response.Headers.Vary = HeaderNames.Accept;
        if (WantsPage(http.Request))
        {
            return PageEndpoints.SendIndex(http);
        }

        var allowed = await authorization.AuthorizeAsync(http.User, Scopes.Read);
        return allowed.Succeeded ? Json(await reader.IndexAsync(http.User.Tenant(), http.Connection.LocalPort))
            : http.User.Identity is { IsAuthenticated: true } ? TypedResults.Forbid()
            : TypedResults.Challenge();
    }

    private static async Task<JsonHttpResult<LegacyStatus>> StatusAsync(HttpContext http, ClaimsPrincipal caller, LegacyReader reader) =>
        TypedResults.Json(await reader.StatusAsync(caller.Tenant(), http.Connection.LocalPort), LegacyJson.Default.LegacyStatus);

    private static async Task<JsonHttpResult<LegacyDone>> StopAsync(HttpRequest http, ClaimsPrincipal caller, OperationsStore operations)
    {
        await operations.StopAsync(caller.Operator(), http.Idempotent());
        var now = await operations.ViewAsync();
        return Done(now.State, $"Nothing new is begun. Tasks that are given back: {now.Running}; tasks that stay in the queue: {now.Queued}. POST /restart goes on.");
    }

    private static async Task<JsonHttpResult<LegacyDone>> RestartAsync(HttpRequest http, ClaimsPrincipal caller, OperationsStore operations)
    {
        _ = caller.Operator();
        await operations.RestartAsync(http.Idempotent());
        var now = await operations.ViewAsync();
        return Done(now.State, now.RestartPending ? "Agents begin afresh after the turn that runs." : "No agent runs: there is nothing to wait for.");
    }

    private static JsonHttpResult<LegacyIndex> Json(LegacyIndex index) => TypedResults.Json(index, LegacyJson.Default.LegacyIndex);

    private static JsonHttpResult<LegacyDone> Done(string status, string message) => TypedResults.Json(new LegacyDone(status, message), LegacyJson.Default.LegacyDone);

    private static bool WantsPage(HttpRequest request)
    {
        var accepted = request.GetTypedHeaders().Accept;
        return Quality("text/html") > Quality("application/json");

        double Quality(string type) => accepted.Where(one => one.MediaType == type).Select(one => one.Quality ?? 1).DefaultIfEmpty().Max();
    }
}
