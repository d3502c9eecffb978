using Microsoft.AspNetCore.Authentication;

namespace CodeAgent.ServiceDefaults.Identity;

/// <summary>Authentication by key and token, authorization by scope.</summary>
public static class IdentityExtensions
{
    /// <summary>Adds both, with a policy named after each of <see cref="Scopes"/>. An endpoint that names none needs some key all the same.</summary>
    /// <param name="builder">The service's builder.</param>
    /// <param name="configure">Changes how keys are looked up.</param>
    public static WebApplicationBuilder AddIdentity(this WebApplicationBuilder builder, Action<KeyDirectoryOptions>? configure = null)
    {
        builder.Services.Configure<IdentityOptions>(builder.Configuration);
        builder.Services.AddAuthentication(KeyAuthentication.SchemeName)
            .AddScheme<AuthenticationSchemeOptions, KeyAuthentication>(KeyAuthentication.SchemeName, null);
        builder.Services.AddSingleton<KeyStore>();
        builder.Services.AddSingleton<KeyDirectory>();
        if (configure is not null)
        {
            builder.Services.Configure(configure);
            builder.Services.AddHostedService<KeyRevocations>();
        }

        var authorization = builder.Services.AddAuthorizationBuilder();
        authorization.SetFallbackPolicy(new Microsoft.AspNetCore.Authorization.AuthorizationPolicyBuilder().RequireAuthenticatedUser().Build());
        foreach (var scope in Scopes.All.Append(Scopes.Lease))
        {
            authorization.AddPolicy(scope, policy => policy.RequireClaim(CallerClaims.Scope, scope));
        }

        return builder;
    }
}
