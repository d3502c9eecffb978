using System.Security.Claims;
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
    IOptionsMonitor<IdentityOptions> identity, KeyDirectory keys, KeySecrets secrets)
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

        var caller = Secret.TryReadToken(secret, out var task, out var fence)
            ? await TokenAsync(secret, task, fence)
            : await keys.FindAsync(secret, identity.CurrentValue);
        return caller is null
            ? AuthenticateResult.Fail(secret.Count('.') == 2 && !secret.StartsWith(Secret.TokenPrefix, StringComparison.Ordinal)
                ? "The token is of an issuer that is not known here."
                : "The key is not known here, or was revoked.")
            : AuthenticateResult.Success(new(caller, SchemeName));
    }

    protected override async Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        // At the last moment, because the exception handler empties the headers.
        Response.OnStarting(static state =>
        {
            ((HttpResponse)state).Headers.WWWAuthenticate = "Bearer";
            return Task.CompletedTask;
        }, Response);

        // What a scheme says in words of its own is for callers; other errors are for the log.
        var failure = (await Context.AuthenticateAsync(Scheme.Name)).Failure;
        throw new ProblemException("unauthorized", StatusCodes.Status401Unauthorized,
            failure is AuthenticationFailureException ? failure.Message
            : ReadSecret() is null ? $"A key is needed: Authorization: Bearer KEY, or KEY in one of {string.Join(", ", KeyHeaders)}."
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
    private async Task<ClaimsPrincipal?> TokenAsync(string secret, Guid task, long fence)
    {
        var fields = await keys.FieldsAsync(RedisKeys.Task(task), [$"token:{fence}", "fence", "status"]);
        return fields[0].HasValue && secrets.Fits(secret, fields[0].ToString())
            ? new(CallerIdentity.Of(task, fence, fields[1] == fence && fields[2] == "running"))
            : null;
    }
}
