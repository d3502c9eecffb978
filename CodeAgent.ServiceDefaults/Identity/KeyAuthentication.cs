using System.Security.Claims;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using CodeAgent.ServiceDefaults.Problems;
using CodeAgent.ServiceDefaults.Redis;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;

namespace CodeAgent.ServiceDefaults.Identity;

/// <summary>
/// Knows who calls by the bearer secret: a key from the environment, a key from Redis, or a task token. Anthropic's, Azure's and
/// Google's clients send theirs as <c>x-api-key</c>, <c>api-key</c> and <c>x-goog-api-key</c>; some of Google's put it into the
/// query, which is taken at the addresses of Google's protocol alone.
/// </summary>
internal sealed class KeyAuthentication(
    IOptionsMonitor<AuthenticationSchemeOptions> schemes, ILoggerFactory loggers, UrlEncoder encoder,
    IOptionsMonitor<IdentityOptions> identity, KeyDirectory keys)
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

        var hash = Secret.Hash(secret);
        var caller = Secret.TryReadToken(secret, out var task, out var fence)
            ? await TokenAsync(hash, task, fence)
            : keys.Configured(hash, identity.CurrentValue) ?? await keys.FindAsync(hash);
        return caller is null
            ? AuthenticateResult.Fail("There is no such key.")
            : AuthenticateResult.Success(new(caller, SchemeName));
    }

    protected override Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        Response.Headers.WWWAuthenticate = "Bearer";
        throw new ProblemException("unauthorized", StatusCodes.Status401Unauthorized, ReadSecret() is null
            ? $"A key is needed: Authorization: Bearer KEY, or KEY in one of {string.Join(", ", KeyHeaders)}."
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

    // A token of a lease that is over still says truly who calls; whether that may do anything is for the policy to decide.
    private async Task<ClaimsPrincipal?> TokenAsync(string hash, Guid task, long fence)
    {
        var fields = await keys.FieldsAsync(RedisKeys.Task(task), [$"token:{fence}", "fence", "status"]);
        return fields[0].HasValue && CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(hash), Encoding.ASCII.GetBytes(fields[0].ToString()))
            ? new(CallerIdentity.Of(task, fence, fields[1] == fence && fields[2] == "running"))
            : null;
    }
}
