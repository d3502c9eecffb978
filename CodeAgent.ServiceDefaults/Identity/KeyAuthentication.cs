using System.Globalization;
using System.Security.Claims;
using System.Text.Encodings.Web;
using System.Text.Json;
using CodeAgent.ServiceDefaults.Problems;
using CodeAgent.ServiceDefaults.Redis;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace CodeAgent.ServiceDefaults.Identity;

/// <summary>
/// Knows who calls by the bearer secret: a key from the environment, a key from Redis, or a task token. Anthropic's, Azure's and
/// Google's clients send theirs as <c>x-api-key</c>, <c>api-key</c> and <c>x-goog-api-key</c>; some of Google's put it into the
/// query, which is taken at the addresses of Google's protocol alone.
/// </summary>
internal sealed class KeyAuthentication(
    IOptionsMonitor<AuthenticationSchemeOptions> schemes, ILoggerFactory loggers, UrlEncoder encoder,
    IOptionsMonitor<IdentityOptions> identity, IConnectionMultiplexer redis)
    : AuthenticationHandler<AuthenticationSchemeOptions>(schemes, loggers, encoder)
{
    public const string SchemeName = "CodeAgent";
    private const string QueryKeyPath = "/v1beta";
    private static readonly string[] KeyHeaders = ["x-api-key", "api-key", "x-goog-api-key"];

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        var secret = ReadSecret();
        if (secret is null)
        {
            return AuthenticateResult.NoResult();
        }

        var claims = Secret.TryReadToken(secret, out var task, out var fence)
            ? await TokenAsync(secret, task, fence)
            : Configured(secret) ?? await StoredAsync(secret);
        return claims is null
            ? AuthenticateResult.Fail("There is no such key.")
            : AuthenticateResult.Success(new(new(new ClaimsIdentity(claims, SchemeName)), SchemeName));
    }

    protected override Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        Response.Headers.WWWAuthenticate = "Bearer";
        throw new ProblemException("unauthorized", StatusCodes.Status401Unauthorized, ReadSecret() is null
            ? "A key is needed: Authorization: Bearer KEY."
            : "The key is not known here, or was revoked.");
    }

    protected override Task HandleForbiddenAsync(AuthenticationProperties properties) =>
        throw new ProblemException("forbidden", StatusCodes.Status403Forbidden, "The key is known, but it does not open this.");

    private string? ReadSecret()
    {
        var header = Request.Headers.Authorization.ToString();
        var secret = header.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase) ? header["Bearer ".Length..].Trim()
            : KeyHeaders.Select(name => Request.Headers[name].ToString()).FirstOrDefault(value => value.Length > 0)
            ?? (Request.Path.StartsWithSegments(QueryKeyPath) ? Request.Query["key"].ToString() : "");
        return secret.Length > 0 ? secret : null;
    }

    private Claim[]? Configured(string secret)
    {
        var options = identity.CurrentValue;
        return Same(secret, options.ApiKey) ? Claims("development", Scopes.All.Except([Scopes.Work]))
            : Same(secret, options.WorkerKey) ? Claims("worker", [Scopes.Work])
            : null;
    }

    private static bool Same(string secret, string? known) => !string.IsNullOrEmpty(known)
        && System.Security.Cryptography.CryptographicOperations.FixedTimeEquals(
            System.Text.Encoding.UTF8.GetBytes(Secret.Hash(secret)), System.Text.Encoding.UTF8.GetBytes(Secret.Hash(known)));

    private async Task<Claim[]?> StoredAsync(string secret)
    {
        string? json = await redis.GetDatabase().StringGetAsync(RedisKeys.ApiKey(Secret.Hash(secret)));
        return json is null ? null : JsonSerializer.Deserialize(json, IdentityJson.Default.KeyRecord) is { } key ? Claims(key.Id, key.Scopes) : null;
    }

    // A token of a lease that is over still says truly who calls; whether that may do anything is for the policy to decide.
    private async Task<Claim[]?> TokenAsync(string secret, Guid task, long fence)
    {
        var fields = await redis.GetDatabase().HashGetAsync(RedisKeys.Task(task), [$"token:{fence}", "fence", "status"]);
        return Same(Secret.Hash(secret), fields[0]) is false ? null :
        [
            new(CallerClaims.Subject, $"task {task}"),
            new(CallerClaims.Task, task.ToString()),
            new(CallerClaims.Fence, fence.ToString(CultureInfo.InvariantCulture)),
            .. fields[1] == fence && fields[2] == "running" ? [new Claim(CallerClaims.Scope, Scopes.Lease)] : Array.Empty<Claim>(),
        ];
    }

    private static Claim[] Claims(string subject, IEnumerable<string> scopes) =>
        [new(CallerClaims.Subject, subject), .. scopes.Select(scope => new Claim(CallerClaims.Scope, scope))];
}
