using CodeAgent.ServiceDefaults.Configuration;
using CodeAgent.ServiceDefaults.Identity;
using KeyScopes = CodeAgent.ServiceDefaults.Identity.Scopes;

namespace CodeAgent.Api.Identity;

/// <summary>The section <c>identity</c> of <c>config/api.yaml</c>: who else's word is taken for who calls.</summary>
internal sealed class IdentityConfig
{
    /// <summary>Those who sign bearer tokens (JWT). None by default.</summary>
    public List<IssuerConfig> Issuers { get; set; } = [];

    public static void Validate(IdentityConfig config, ConfigProblems problems)
    {
        for (var i = 0; i < config.Issuers.Count; i++)
        {
            config.Issuers[i].Validate($"identity.issuers[{i}]", problems);
            var authority = config.Issuers[i].Authority;
            problems.Require(config.Issuers.FindIndex(issuer => issuer.Authority == authority) == i, $"identity.issuers[{i}].authority", "this authority is here twice");
        }
    }
}

/// <summary>Somebody who signs bearer tokens: an OpenID Connect provider.</summary>
internal sealed class IssuerConfig
{
    /// <summary>What can be checked with a key that everybody may have. With a shared secret, whoever checks could sign too.</summary>
    private static readonly string[] Known = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"];

    /// <summary>What a token can give: a worker is no person, and the gateway takes no such tokens.</summary>
    private static readonly string[] Givable = [KeyScopes.Read, KeyScopes.Submit, KeyScopes.Operate, KeyScopes.Admin];

    /// <summary>Its address, which tokens name as <c>iss</c>, letter by letter. Its configuration is at <c>/.well-known/openid-configuration</c> below it. https, or http on this machine.</summary>
    public string Authority { get; set; } = "";

    /// <summary>What tokens for this system name as <c>aud</c>.</summary>
    public string Audience { get; set; } = "";

    /// <summary>How tokens may be signed. RS256 and ES256 by default.</summary>
    public List<string> Algorithms { get; set; } = ["RS256", "ES256"];

    /// <summary>The claim with what the caller may do: a list, or words with blanks between. <c>scope</c> by default.</summary>
    public string ScopeClaim { get; set; } = "scope";

    /// <summary>What the values of that claim stand for, as in <c>developers: [read, submit]</c>. Left out, each stands for the scope of its own name.</summary>
    public Dictionary<string, List<string>>? Scopes { get; set; }

    /// <summary>The claim with the caller's tenant. A token without it is refused.</summary>
    public string? TenantClaim { get; set; }

    /// <summary>The tenant of all callers, where there is no claim for it. Left out, they belong to the house itself and see everything.</summary>
    public string? Tenant { get; set; }

    /// <summary>How much clocks may differ: 0s to 5m, 30s by default.</summary>
    public TimeSpan ClockSkew { get; set; } = TimeSpan.FromSeconds(30);

    public void Validate(string path, ConfigProblems problems)
    {
        problems.Require(Uri.TryCreate(Authority, UriKind.Absolute, out var address) && (address.Scheme == Uri.UriSchemeHttps || (address.Scheme == Uri.UriSchemeHttp && address.IsLoopback)),
            $"{path}.authority", "the issuer's address is needed: https://…, or http://127.0.0.1:PORT on this machine");
        problems.Require(Audience.Length > 0, $"{path}.audience", "what the issuer's tokens for this system name as 'aud' is needed");
        problems.Require(Algorithms.Count > 0 && Algorithms.All(Known.Contains), $"{path}.algorithms", $"an algorithm is one of: {string.Join(", ", Known)}");
        problems.Require(ScopeClaim.Length > 0, $"{path}.scopeClaim", "a claim has a name");
        foreach (var (value, scopes) in Scopes ?? [])
        {
            problems.Require(scopes.All(Givable.Contains), $"{path}.scopes.{value}", $"a token can give: {string.Join(", ", Givable)}");
        }

        problems.Require(TenantClaim is null || Tenant is null, $"{path}.tenant", "either all callers are of one tenant, or a claim says which");
        problems.Require(TenantClaim is not "", $"{path}.tenantClaim", "a claim has a name");
        problems.Require(Tenant is null || TenantName.IsValid(Tenant), $"{path}.tenant", TenantName.Rule);
        problems.Require(ClockSkew >= TimeSpan.Zero && ClockSkew <= TimeSpan.FromMinutes(5), $"{path}.clockSkew", "it is 0s to 5m");
    }

    /// <summary>What these values of the claim allow.</summary>
    public IEnumerable<string> ScopesOf(IEnumerable<string> values) =>
        values.SelectMany(value => Scopes is null ? [value] : Scopes.GetValueOrDefault(value) ?? []).Where(Givable.Contains).Distinct();
}
