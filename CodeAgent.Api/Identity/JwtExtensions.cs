using CodeAgent.Api.Repositories;
using CodeAgent.ServiceDefaults.Configuration;
using CodeAgent.ServiceDefaults.Identity;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.Extensions.Options;

namespace CodeAgent.Api.Identity;

internal static class JwtExtensions
{
    /// <summary>
    /// Lets callers in with the tokens of the issuers that <c>config/api.yaml</c> names. Each issuer is a scheme of its own, which
    /// is made and unmade as the file changes; which one a request is for is told by its token before anything is verified.
    /// </summary>
    public static WebApplicationBuilder AddIssuers(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<JwtSchemes>();
        builder.Services.AddSingleton<IConfigureOptions<JwtBearerOptions>, JwtOptions>();
        builder.Services.AddTransient<JwtBearerHandler>();
        builder.Services.AddSingleton<IPostConfigureOptions<JwtBearerOptions>, JwtBearerPostConfigureOptions>();
        builder.Services.AddHostedService(services => services.GetRequiredService<JwtSchemes>());
        builder.Services.AddOptions<AuthenticationSchemeOptions>(IdentityExtensions.Scheme).Configure<JwtSchemes>((options, schemes) =>
        {
            options.ForwardDefaultSelector = schemes.Select;
            options.ForwardChallenge = IdentityExtensions.Scheme;
            options.ForwardForbid = IdentityExtensions.Scheme;
        });

        // A token that is signed with a new key of its issuer waits until that key is fetched, rather than being refused meanwhile.
        AppContext.SetSwitch("Switch.Microsoft.IdentityModel.UpdateConfigAsBlocking", true);
        return builder;
    }
}

/// <summary>The schemes of the issuers that are configured just now.</summary>
internal sealed class JwtSchemes(ConfigFile<ApiConfig> config, IAuthenticationSchemeProvider schemes, IOptionsMonitorCache<JwtBearerOptions> options) : IHostedService
{
    private const string Prefix = "issuer ";
    private volatile Dictionary<string, IssuerConfig> _issuers = [];

    public Task StartAsync(CancellationToken cancellationToken)
    {
        config.Changed += Use;
        Use(config.Current);
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken)
    {
        config.Changed -= Use;
        return Task.CompletedTask;
    }

    /// <summary>The issuer of a scheme.</summary>
    public IssuerConfig? IssuerOf(string? scheme) =>
        scheme?.StartsWith(Prefix, StringComparison.Ordinal) == true ? _issuers.GetValueOrDefault(scheme[Prefix.Length..]) : null;

    /// <summary>The scheme for a request: that of the issuer which its token names; null where it brings a key, a token of ours, or one of nobody who is known.</summary>
    public string? Select(HttpContext context) =>
        JwtShape.IssuerOf(context.Request.Headers.Authorization.ToString()) is { } issuer && _issuers.ContainsKey(issuer) ? Prefix + issuer : null;

    // An issuer that is not changed is made anew all the same: its keys are fetched again at its next token.
    private void Use(ApiConfig now)
    {
        var next = now.Identity.Issuers.ToDictionary(issuer => issuer.Authority);
        var before = _issuers;
        _issuers = next;
        foreach (var gone in before.Keys)
        {
            schemes.RemoveScheme(Prefix + gone);
            options.TryRemove(Prefix + gone);
        }

        foreach (var authority in next.Keys)
        {
            schemes.TryAddScheme(new(Prefix + authority, null, typeof(JwtBearerHandler)));
        }
    }
}
