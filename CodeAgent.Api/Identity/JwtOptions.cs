using System.Security.Claims;
using CodeAgent.ServiceDefaults.Identity;
using CodeAgent.ServiceDefaults.Problems;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Tokens;

namespace CodeAgent.Api.Identity;

/// <summary>What an issuer's tokens must be (RFC 7519, RFC 8725), and who a caller with one is.</summary>
internal sealed partial class JwtOptions(JwtSchemes schemes, ILogger<JwtOptions> logger) : IConfigureNamedOptions<JwtBearerOptions>
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    // An unknown key may be a new one: its issuer is asked again, but not for each such token.
    private static readonly TimeSpan AskAgain = TimeSpan.FromSeconds(10);

    public void Configure(JwtBearerOptions options)
    {
    }

    public void Configure(string? name, JwtBearerOptions options)
    {
        if (schemes.IssuerOf(name) is not { } issuer)
        {
            return;
        }

        options.Authority = issuer.Authority;
        options.RequireHttpsMetadata = !new Uri(issuer.Authority).IsLoopback;
        options.BackchannelTimeout = Patience;
        options.RefreshInterval = AskAgain;
        options.MapInboundClaims = false;
        options.TokenValidationParameters = new()
        {
            ValidIssuer = issuer.Authority,
            ValidateIssuer = true,
            ValidAudience = issuer.Audience,
            ValidateAudience = true,
            ValidAlgorithms = issuer.Algorithms,
            ValidateIssuerSigningKey = true,
            RequireSignedTokens = true,
            RequireExpirationTime = true,
            ValidateLifetime = true,
            ClockSkew = issuer.ClockSkew,

            // Metadata may be there to be read, but who it says that it is must be whom the file names.
            IssuerValidator = (said, _, _) => said == issuer.Authority ? said : throw new SecurityTokenInvalidIssuerException("It is from another issuer."),
        };
        options.Events = new()
        {
            OnMessageReceived = context => KnowKeysAsync(context, issuer),
            OnTokenValidated = context =>
            {
                Admit(context, issuer);
                return Task.CompletedTask;
            },
            OnAuthenticationFailed = context =>
            {
                if (context.Exception is SecurityTokenException or ArgumentException)
                {
                    LogRefused(issuer.Authority, context.Exception.GetType().Name);
                    context.Fail(Reason(context.Exception, issuer));
                }

                return Task.CompletedTask;
            },
        };
    }

    // Without its issuer's keys, a token would be called wrong, though nobody knows.
    private async Task KnowKeysAsync(MessageReceivedContext context, IssuerConfig issuer)
    {
        try
        {
            await context.Options.ConfigurationManager!.GetConfigurationAsync(context.HttpContext.RequestAborted);
        }
        catch (Exception e) when (e is InvalidOperationException or HttpRequestException or IOException)
        {
            LogAway(issuer.Authority, (e.InnerException ?? e).Message);
            throw Away(issuer);
        }
    }

    private static string Reason(Exception error, IssuerConfig issuer) => error switch
    {
        SecurityTokenExpiredException => "The token has expired.",
        SecurityTokenNotYetValidException => "The token is not valid yet.",
        SecurityTokenInvalidAudienceException => $"The token is not for this system: its audience ('aud') is not '{issuer.Audience}'.",
        SecurityTokenNoExpirationException => "The token does not say when it expires.",
        _ => $"The token is not one that {issuer.Authority} has signed, with one of {string.Join(", ", issuer.Algorithms)}.",
    };

    private static void Admit(TokenValidatedContext context, IssuerConfig issuer)
    {
        var claims = context.Principal!;
        if (claims.FindFirstValue("sub") is not { Length: > 0 } subject)
        {
            context.Fail("It names no subject.");
            return;
        }

        var tenant = issuer.TenantClaim is { } claim ? claims.FindAll(claim).Select(found => found.Value).ToList() : [];
        if (issuer.TenantClaim is not null && (tenant is not [var only] || !TenantName.IsValid(only)))
        {
            context.Fail("It names no tenant, or none that can be one.");
            return;
        }

        var values = claims.FindAll(issuer.ScopeClaim).SelectMany(found => found.Value.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        context.Principal = new(CallerIdentity.Of($"{subject}@{issuer.Authority}", issuer.ScopesOf(values), tenant is [var own] ? own : issuer.Tenant));
    }

    private static ProblemException Away(IssuerConfig issuer) => new("issuer-unavailable", StatusCodes.Status503ServiceUnavailable,
        $"The keys of {issuer.Authority} cannot be fetched just now, so nobody knows whether the token is good.")
    { RetryAfter = TimeSpan.FromSeconds(10) };

    [LoggerMessage(LogLevel.Warning, "The keys of {Issuer} cannot be fetched: {Reason}")]
    private partial void LogAway(string issuer, string reason);

    [LoggerMessage(LogLevel.Information, "A token of {Issuer} is refused: {Reason}")]
    private partial void LogRefused(string issuer, string reason);
}
