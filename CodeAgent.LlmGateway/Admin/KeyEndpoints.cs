using System.Security.Claims;
using CodeAgent.LlmGateway.Budgets;
using CodeAgent.LlmGateway.Configuration;
using CodeAgent.ServiceDefaults.Configuration;
using CodeAgent.ServiceDefaults.Identity;
using CodeAgent.ServiceDefaults.Problems;
using Microsoft.AspNetCore.Http.HttpResults;
using StackExchange.Redis;

namespace CodeAgent.LlmGateway.Admin;

/// <summary>Keys for models. Keys that open anything else are the Api's, and are neither shown nor revoked here.</summary>
internal static partial class KeyEndpoints
{
    private const int LongestBody = 16 * 1024;
    private const int LongestPage = 200;

    public static void MapKeys(this IEndpointRouteBuilder routes)
    {
        var keys = routes.MapGroup("/admin/keys").RequireAuthorization(AdminAccess.Policy);
        keys.MapPost("", CreateAsync).WithQuery();
        keys.MapGet("", ListAsync).WithQuery("cursor", "limit");
        keys.MapDelete("/{id}", RevokeAsync).WithQuery();
    }

    private static async Task<JsonHttpResult<NewKeyView>> CreateAsync(
        HttpRequest http, ClaimsPrincipal caller, KeyStore store, ConfigFile<GatewayConfig> file, TimeProvider time, ILogger<KeyStore> logger)
    {
        var request = await JsonBody.ReadAsync(http, AdminJson.Default.KeyRequest, LongestBody);
        var now = time.GetUtcNow();
        KeyRules.Require(request, file.Current, now);
        var key = new KeyRecord(Guid.CreateVersion7(now).ToString("N"), request.Name.Trim(), [Scopes.Models], now)
        {
            Limits = request.Limits,
            Models = request.Models,
            Tenant = request.Tenant,
            Cache = request.Cache,
            ExpiresAt = request.ExpiresAt,
        };
        var secret = Secret.NewKey();
        await store.AddAsync(key, secret);
        LogCreated(logger, key.Id, key.Name, caller.Name());

        http.HttpContext.Response.Headers.CacheControl = "no-store";
        return TypedResults.Json(new NewKeyView(KeyView.Of(key), secret), AdminJson.Default.NewKeyView, statusCode: StatusCodes.Status201Created);
    }

    private static async Task<JsonHttpResult<KeyPage>> ListAsync(KeyStore store, string? cursor = null, int limit = 50)
    {
        if (limit is < 1 or > LongestPage)
        {
            throw new ProblemException("invalid-field", StatusCodes.Status400BadRequest, $"limit is 1 to {LongestPage}.") { Field = "limit" };
        }

        // Pages are filled up: keys for other things lie between.
        List<KeyView> items = [];
        var next = cursor;
        do
        {
            (var keys, next) = await store.ListAsync(next, LongestPage);
            foreach (var key in keys.Where(IsForModels))
            {
                if (items.Count == limit)
                {
                    return TypedResults.Json(new KeyPage(items, items[^1].Id), AdminJson.Default.KeyPage);
                }

                items.Add(KeyView.Of(key));
            }
        }
        while (next is not null);

        return TypedResults.Json(new KeyPage(items, null), AdminJson.Default.KeyPage);
    }

    private static async Task<NoContent> RevokeAsync(string id, ClaimsPrincipal caller, KeyStore store, IConnectionMultiplexer redis, ILogger<KeyStore> logger)
    {
        if (await store.FindAsync(id) is not { } key || !IsForModels(key) || !await store.RemoveAsync(id))
        {
            throw new ProblemException("key-not-found", StatusCodes.Status404NotFound, "There is no key for models with this id.");
        }

        // Its counts would stay for ever where it has limits without a window.
        await redis.GetDatabase().KeyDeleteAsync([BudgetKeys.Used($"key:{id}"), BudgetKeys.Open($"key:{id}")]);
        LogRevoked(logger, id, caller.Name());
        return TypedResults.NoContent();
    }

    private static bool IsForModels(KeyRecord key) => key.Scopes is [Scopes.Models];

    [LoggerMessage(LogLevel.Information, "Key {Id} ({Name}) for models was made by {Caller}")]
    private static partial void LogCreated(ILogger logger, string id, string name, string caller);

    [LoggerMessage(LogLevel.Information, "Key {Id} for models was revoked by {Caller}")]
    private static partial void LogRevoked(ILogger logger, string id, string caller);
}
