using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;

namespace CodeAgent.ServiceDefaults.Identity;

/// <summary>Authentication by key and token, authorization by scope.</summary>
public static class IdentityExtensions
{
    /// <summary>The scheme of keys and task tokens.</summary>
    public const string Scheme = KeyAuthentication.SchemeName;

    /// <summary>Adds both, with a policy named after each of <see cref="Scopes"/>. An endpoint that names none needs some key all the same.</summary>
    /// <param name="builder">The service's builder.</param>
    /// <param name="configure">Changes how keys are looked up.</param>
    public static WebApplicationBuilder AddIdentity(this WebApplicationBuilder builder, Action<KeyDirectoryOptions>? configure = null)
    {
        builder.Services.Configure<IdentityOptions>(builder.Configuration);
        builder.Services.AddAuthentication(KeyAuthentication.SchemeName)
            .AddScheme<AuthenticationSchemeOptions, KeyAuthentication>(KeyAuthentication.SchemeName, null);
        builder.Services.AddSingleton<KeySecrets>();
        builder.Services.AddSingleton<KeyMemory>();
        builder.Services.AddSingleton<KeyStore>();
        builder.Services.AddSingleton<KeyDirectory>();
        builder.Services.AddHostedService<KeySecretFile>();
        builder.AddBackground<KeyUses>();
        builder.AddBackground<KeySecretAgreement>();
        builder.Services.AddHealthChecks().AddCheck<KeySecretAgreement>("key secrets");
        if (configure is not null)
        {
            builder.Services.Configure(configure);
            builder.Services.AddHostedService<KeyRevocations>();
        }

        var authorization = builder.Services.AddAuthorizationBuilder();
        authorization.SetFallbackPolicy(new AuthorizationPolicyBuilder().RequireAuthenticatedUser().Build());
        foreach (var scope in Scopes.All.Append(Scopes.Lease))
        {
            authorization.AddPolicy(scope, policy => policy.RequireScope(scope));
        }

        authorization.AddPolicy(Scopes.TaskToken, policy => policy.RequireClaim(CallerClaims.Task));

        return builder;
    }

    private static void AddBackground<T>(this WebApplicationBuilder builder)
        where T : BackgroundService
    {
        builder.Services.AddSingleton<T>();
        builder.Services.AddHostedService(services => services.GetRequiredService<T>());
    }

    /// <summary>Asks for one of these scopes. One that concerns all tenants is worth nothing with a tenant.</summary>
    public static AuthorizationPolicyBuilder RequireScope(this AuthorizationPolicyBuilder policy, params string[] scopes)
    {
        policy.RequireClaim(CallerClaims.Scope, scopes);
        return scopes.Intersect(Scopes.OfTheHouse).Any() ? policy.RequireAssertion(context => context.User.Tenant() is null) : policy;
    }
}
