using System.Buffers.Text;
using System.Security.Claims;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace CodeAgent.Api.Tests.Identity;

/// <summary>An OpenID Connect provider, as far as one who checks its tokens sees it.</summary>
internal sealed class TestIssuer : IAsyncDisposable
{
    public const string Audience = "codeagent";

    private readonly WebApplication _app;
    private RsaSecurityKey _key = NewKey();

    private TestIssuer(WebApplication app) => _app = app;

    public string Authority => _app.Urls.First();

    /// <summary>How often its keys were asked for.</summary>
    public int Asked { get; private set; }

    public static async Task<TestIssuer> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        var issuer = new TestIssuer(builder.Build());
        issuer._app.MapGet("/.well-known/openid-configuration", () => Results.Text(
            JsonSerializer.Serialize(new { issuer = issuer.Authority, jwks_uri = issuer.Authority + "/keys" }), "application/json"));
        issuer._app.MapGet("/keys", issuer.Keys);
        await issuer._app.StartAsync(TestContext.Current.CancellationToken);
        return issuer;
    }

    public void Rotate() => _key = NewKey();

    /// <summary>A good token, for an hour, but for what <paramref name="change"/> does to it.</summary>
    public string Token(Action<SecurityTokenDescriptor>? change = null, params (string Name, object Value)[] claims)
    {
        var now = TimeProvider.System.GetUtcNow().UtcDateTime;
        var token = new SecurityTokenDescriptor
        {
            Issuer = Authority,
            Audience = Audience,
            IssuedAt = now,
            NotBefore = now,
            Expires = now.AddHours(1),
            Subject = new ClaimsIdentity([new("sub", "ann")]),
            Claims = claims.ToDictionary(claim => claim.Name, claim => claim.Value),
            SigningCredentials = new(_key, SecurityAlgorithms.RsaSha256),
        };
        change?.Invoke(token);
        return new JsonWebTokenHandler { SetDefaultTimesOnTokenCreation = false }.CreateToken(token);
    }

    /// <summary>The same key, for another algorithm.</summary>
    public SigningCredentials SignedBy(string algorithm) => new(_key, algorithm);

    /// <summary>Another key, that calls itself the same.</summary>
    public SigningCredentials Forged() => new(new RsaSecurityKey(RSA.Create(2048)) { KeyId = _key.KeyId }, SecurityAlgorithms.RsaSha256);

    /// <summary>The public key, taken for a shared secret.</summary>
    public SigningCredentials PublicKeyAsSecret() =>
        new(new SymmetricSecurityKey(Encoding.ASCII.GetBytes(_key.Rsa.ExportSubjectPublicKeyInfoPem())) { KeyId = _key.KeyId }, SecurityAlgorithms.HmacSha256);

    /// <summary>A good token's claims with <c>alg: none</c> and no signature.</summary>
    public string Unsigned() => $"{Base64Url.EncodeToString("""{"alg":"none","typ":"JWT"}"""u8)}.{Token(null, ("scope", "read")).Split('.')[1]}.";

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    private static RsaSecurityKey NewKey() => new(RSA.Create(2048)) { KeyId = Guid.NewGuid().ToString("N") };

    private IResult Keys()
    {
        Asked++;
        var key = _key.Rsa.ExportParameters(false);
        return Results.Text(JsonSerializer.Serialize(new
        {
            keys = new[] { new { kty = "RSA", use = "sig", kid = _key.KeyId, n = Base64Url.EncodeToString(key.Modulus!), e = Base64Url.EncodeToString(key.Exponent!) } },
        }), "application/json");
    }
}
