using System.ComponentModel;
using System.Security.Claims;
using CodeAgent.Api.Http;
using CodeAgent.Api.Tasks;
using CodeAgent.Contracts;
using CodeAgent.ServiceDefaults.Identity;
using CodeAgent.ServiceDefaults.Problems;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CodeAgent.Api.Keys;

internal static partial class KeyEndpoints
{
    private const int LongestBody = 16 * 1024;
    private const int LongestPage = 200;

    public static WebApplicationBuilder AddKeys(this WebApplicationBuilder builder)
    {
        builder.Services.ConfigureHttpJsonOptions(json => json.SerializerOptions.TypeInfoResolverChain.Insert(0, KeysJson.Default));
        return builder;
    }

    public static WebApplication MapKeys(this WebApplication app)
    {
        var keys = app.MapGroup("/v1").WithTags("Keys").RequireAuthorization(Scopes.Admin);
        keys.MapPost("/keys", CreateAsync).WithSummary("Make a key").Accepts<KeyRequest>("application/json").WithQuery()
            .ProducesProblem(StatusCodes.Status400BadRequest).ProducesProblem(StatusCodes.Status403Forbidden);
        keys.MapGet("/keys", ListAsync).WithSummary("List the keys, without their secrets").WithQuery("cursor", "limit")
            .ProducesProblem(StatusCodes.Status400BadRequest);
        keys.MapDelete("/keys/{id}", RevokeAsync).WithSummary("Revoke a key, at once").WithQuery()
            .ProducesProblem(StatusCodes.Status404NotFound);
        return app;
    }

    private static async Task<Created<NewKeyView>> CreateAsync(HttpRequest http, ClaimsPrincipal caller, KeyStore store, TimeProvider time, ILogger<KeyStore> logger)
    {
        var request = await JsonBody.ReadAsync(http, KeysJson.Default.KeyRequest, LongestBody);
        KeyRules.Require(request, caller.FindAll(CallerClaims.Scope).Select(scope => scope.Value).ToHashSet());

        var now = time.GetUtcNow();
        var key = new KeyRecord(TaskIds.Next(now).ToString("N"), request.Name.Trim(), [.. request.Scopes.Distinct()], now);
        var secret = Secret.NewKey();
        await store.AddAsync(key, secret);
        LogCreated(logger, key.Id, key.Name, string.Join(' ', key.Scopes), caller.Name());

        http.HttpContext.Response.Headers.CacheControl = "no-store";
        return TypedResults.Created((string?)null, new NewKeyView(key.Id, key.Name, key.Scopes, key.CreatedAt, secret));
    }

    private static async Task<Ok<Page<KeyView>>> ListAsync(
        KeyStore store,
        [Description("next of the page before.")] string? cursor = null,
        [Description("Keys a page: 1 to 200.")] int limit = 50)
    {
        if (limit is < 1 or > LongestPage)
        {
            throw TaskProblems.Invalid("limit", $"limit is 1 to {LongestPage}.");
        }

        var (keys, next) = await store.ListAsync(cursor, limit);
        return TypedResults.Ok(new Page<KeyView>([.. keys.Select(KeyView.Of)], next));
    }

    private static async Task<NoContent> RevokeAsync(string id, ClaimsPrincipal caller, KeyStore store, ILogger<KeyStore> logger)
    {
        if (!await store.RemoveAsync(id))
        {
            throw new ProblemException("key-not-found", StatusCodes.Status404NotFound, "There is no key with this id.");
        }

        LogRevoked(logger, id, caller.Name());
        return TypedResults.NoContent();
    }

    [LoggerMessage(LogLevel.Information, "Key {Id} ({Name}) with the scopes {Scopes} was made by {Caller}")]
    private static partial void LogCreated(ILogger logger, string id, string name, string scopes, string caller);

    [LoggerMessage(LogLevel.Information, "Key {Id} was revoked by {Caller}")]
    private static partial void LogRevoked(ILogger logger, string id, string caller);
}
