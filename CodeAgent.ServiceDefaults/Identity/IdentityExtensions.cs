using Microsoft.AspNetCore.Authentication;

namespace CodeAgent.ServiceDefaults.Identity;

/// <summary>Authentication by key and token, authorization by scope.</summary>
public static class IdentityExtensions
{
    /// <summary>Adds both, with a policy named after each of <see cref="Scopes"/>. An endpoint that names none needs some key all the same.</summary>
    public static WebApplicationBuilder AddIdentity(this WebApplicationBuilder builder)
    {
        builder.Services.Configure<IdentityOptions>(builder.Configuration);
        builder.Services.AddAuthentication(KeyAuthentication.SchemeName)
            .AddScheme<AuthenticationSchemeOptions, KeyAuthentication>(KeyAuthentication.SchemeName, null);
        var authorization = builder.Services.AddAuthorizationBuilder();
        authorization.SetFallbackPolicy(new Microsoft.AspNetCore.Authorization.AuthorizationPolicyBuilder().RequireAuthenticatedUser().Build());
        foreach (var scope in Scopes.All.Append(Scopes.Lease))
        {
            authorization.AddPolicy(scope, policy => policy.RequireClaim(CallerClaims.Scope, scope));
        }

        return builder;
    }
}
