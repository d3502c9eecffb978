using System.ComponentModel;
using System.Security.Claims;
using CodeAgent.Api.Audit;
using CodeAgent.Api.Http;
using CodeAgent.Api.Idempotency;
using CodeAgent.Api.Tasks;
using CodeAgent.Contracts;
using CodeAgent.ServiceDefaults.Identity;
using CodeAgent.ServiceDefaults.Problems;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CodeAgent.Api.Keys;

internal static partial class KeyEndpoints
{
    private const int LongestBody = 16 * 1024;
    private const int LongestPage = 200;

    // Revoking ends a key at once; this only spares Redis the question for each request.
    private static readonly TimeSpan Remember = TimeSpan.FromSeconds(30);

    /// <summary>Adds the keys: who calls, and the endpoints to make them.</summary>
    public static WebApplicationBuilder AddKeys(this WebApplicationBuilder builder)
    {
        builder.AddIdentity(keys => keys.RememberFor = Remember);
        builder.Services.ConfigureHttpJsonOptions(json => json.SerializerOptions.TypeInfoResolverChain.Insert(0, KeysJson.Default));
        return builder;
    }

    public static WebApplication MapKeys(this WebApplication app)
    {
        var keys = app.MapGroup("/v1").WithTags("Keys").RequireAuthorization(Scopes.Admin);
        keys.MapPost("/keys", CreateAsync).WithSummary("Make a key").Accepts<KeyRequest>("application/json").WithQuery().WithIdempotency()
            .ProducesProblem(StatusCodes.Status400BadRequest).ProducesProblem(StatusCodes.Status403Forbidden);
        keys.MapGet("/keys", ListAsync).WithSummary("List the keys, without their secrets").WithQuery("cursor", "limit")
            .ProducesProblem(StatusCodes.Status400BadRequest);
        keys.MapDelete("/keys/{id}", RevokeAsync).WithSummary("Revoke a key, at once").WithQuery()
            .ProducesProblem(StatusCodes.Status404NotFound);
        keys.MapPost("/keys/{id}/rotate", RotateAsync).WithSummary("Give a key a new secret")
            .WithDescription("The old secret goes on working for graceSeconds, and then opens nothing any more.").Accepts<RotateRequest>(true, "application/json").WithQuery().WithIdempotency()
            .ProducesProblem(StatusCodes.Status400BadRequest).ProducesProblem(StatusCodes.Status403Forbidden).ProducesProblem(StatusCodes.Status404NotFound);
        return app;
    }

    private static async Task<Created<NewKeyView>> CreateAsync(HttpRequest http, ClaimsPrincipal caller, KeyStore store, TimeProvider time, ILogger<KeyStore> logger)
    {
        var request = await JsonBody.ReadAsync(http, KeysJson.Default.KeyRequest, LongestBody);
        var now = time.GetUtcNow();
        var id = (http.Idempotent()?.Id ?? TaskIds.Next(now)).ToString("N");
        KeyRules.Require(request, Held(caller), caller.Tenant(), now);
        var key = new KeyRecord(id, request.Name.Trim(), [.. request.Scopes.Distinct()], now)
        {
            Tenant = request.Tenant ?? caller.Tenant(),
            ExpiresAt = request.ExpiresAt,
        };
        var secret = Secret.NewKey();
        if (!await store.AddAsync(key, secret))
        {
            throw MadeAlready(id);
        }

        http.HttpContext.SetAuditTarget(id);
        LogCreated(logger, key.Id, key.Name, string.Join(' ', key.Scopes), caller.Name());

        http.Idempotent()?.InPlaceOfAnswer = MadeAlready(id);
        http.HttpContext.Response.Headers.CacheControl = "no-store";
        return TypedResults.Created((string?)null, NewKeyView.Of(key, secret));
    }

    private static async Task<Ok<Page<KeyView>>> ListAsync(
        KeyStore store, ClaimsPrincipal caller,
        [Description("next of the page before.")] string? cursor = null,
        [Description("Keys a page: 1 to 200.")] int limit = 50)
    {
        if (limit is < 1 or > LongestPage)
        {
            throw TaskProblems.Invalid("limit", $"limit is 1 to {LongestPage}.");
        }

        var (keys, next) = await store.ListAsync(cursor, limit, key => IsSeenBy(caller, key));
        var used = await store.LastUsedAsync([.. keys.Select(key => key.Id)]);
        return TypedResults.Ok(new Page<KeyView>([.. keys.Zip(used, KeyView.Of)], next));
    }

    private static async Task<NoContent> RevokeAsync(string id, ClaimsPrincipal caller, KeyStore store, ILogger<KeyStore> logger)
    {
        await FindAsync(id, caller, store);
        if (!await store.RemoveAsync(id))
        {
            throw NotFound();
        }

        LogRevoked(logger, id, caller.Name());
        return TypedResults.NoContent();
    }

    private static async Task<Ok<NewKeyView>> RotateAsync(
        string id, HttpRequest http, ClaimsPrincipal caller, KeyStore store, TimeProvider time, ILogger<KeyStore> logger)
    {
        var request = http.HasBody() ? await JsonBody.ReadAsync(http, KeysJson.Default.RotateRequest, LongestBody) : new();
        var key = await FindAsync(id, caller, store);
        KeyRules.Require(request, key, Held(caller), time.GetUtcNow());
        var once = http.Idempotent()?.Id;
        if (once is not null && once == key.RotatedBy)
        {
            throw RotatedAlready(id);
        }

        var secret = Secret.NewKey();
        var rotated = await store.RotateAsync(id, secret, TimeSpan.FromSeconds(request.GraceSeconds), time.GetUtcNow(), once) ?? throw NotFound();
        LogRotated(logger, id, request.GraceSeconds, caller.Name());

        http.Idempotent()?.InPlaceOfAnswer = RotatedAlready(id);
        http.HttpContext.Response.Headers.CacheControl = "no-store";
        return TypedResults.Ok(NewKeyView.Of(rotated, secret));
    }

    // Another tenant's key is not there.
    private static async Task<KeyRecord> FindAsync(string id, ClaimsPrincipal caller, KeyStore store) =>
        await store.FindAsync(id) is { } key && IsSeenBy(caller, key) ? key : throw NotFound();

    private static bool IsSeenBy(ClaimsPrincipal caller, KeyRecord key) => caller.Tenant() is not { } tenant || key.Tenant == tenant;

    private static HashSet<string> Held(ClaimsPrincipal caller) => [.. caller.FindAll(CallerClaims.Scope).Select(scope => scope.Value)];

    private static bool HasBody(this HttpRequest http) => http.HttpContext.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody == true;

    private static ProblemException NotFound() => new("key-not-found", StatusCodes.Status404NotFound, "There is no key with this id.");

    // A key is shown once and kept nowhere, not even sealed: whoever lost the answer has lost the key.
    private static ProblemException MadeAlready(string id) => new("key-made-already", StatusCodes.Status409Conflict,
        $"This request has made the key {id}, and a key is shown only once. If that answer is lost, revoke it with DELETE /v1/keys/{id}, and make another under an {IdempotencyKey.Header} of its own.");

    private static ProblemException RotatedAlready(string id) => new("key-rotated-already", StatusCodes.Status409Conflict,
        $"This request has given the key {id} a new secret, which is shown only once. If that answer is lost, rotate it again under an {IdempotencyKey.Header} of its own.");

    [LoggerMessage(LogLevel.Information, "Key {Id} ({Name}) with the scopes {Scopes} was made by {Caller}")]
    private static partial void LogCreated(ILogger logger, string id, string name, string scopes, string caller);

    [LoggerMessage(LogLevel.Information, "Key {Id} got a new secret from {Caller}; the old one is good for {GraceSeconds} s more")]
    private static partial void LogRotated(ILogger logger, string id, int graceSeconds, string caller);

    [LoggerMessage(LogLevel.Information, "Key {Id} was revoked by {Caller}")]
    private static partial void LogRevoked(ILogger logger, string id, string caller);
}
