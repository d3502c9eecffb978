using System.Net;
using CodeAgent.Api.Repositories;
using CodeAgent.Api.Tests.Running;
using CodeAgent.ServiceDefaults.Configuration;
using CodeAgent.Testing;
using CodeAgent.Testing.Redis;
using Microsoft.IdentityModel.Tokens;

namespace CodeAgent.Api.Tests.Identity;

/// <summary>Callers with the token of an issuer that config/api.yaml names.</summary>
public sealed class JwtTests(ApiOn<GarnetFixture> fixture) : ApiTests(fixture), IClassFixture<ApiOn<GarnetFixture>>, IAsyncLifetime
{
    private readonly string _config = Directory.CreateTempSubdirectory("codeagent-config-").FullName;
    private TestIssuer _issuer = null!;
    private ApiServer _server = null!;

    async ValueTask IAsyncLifetime.InitializeAsync()
    {
        await InitializeAsync();
        _issuer = await TestIssuer.StartAsync();
    }

    async ValueTask IAsyncDisposable.DisposeAsync()
    {
        await DisposeAsync();
        await _issuer.DisposeAsync();
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }

        Directory.Delete(_config, recursive: true);
    }

    [Fact]
    public async Task A_token_opens_what_its_scopes_say_and_nothing_else()
    {
        await StartAsync();
        var reader = _issuer.Token(null, ("scope", "read profile"));
        var both = _issuer.Token(null, ("scope", new[] { "read", "submit" }));

        Assert.Equal(HttpStatusCode.OK, await StatusAsync(reader));
        await ApiClient.ExpectProblemAsync(await SubmitAsync(reader), HttpStatusCode.Forbidden, "forbidden");
        Assert.Equal(HttpStatusCode.Created, (await SubmitAsync(both)).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync(_issuer.Token()));

        // Keys and tokens of ours go on beside it.
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(ApiServer.ApiKey));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync("ca_a.b.c"));
    }

    [Theory]
    [InlineData("another audience", "aud")]
    [InlineData("expired", "expired")]
    [InlineData("not yet valid", "not valid yet")]
    [InlineData("without an end", "when it expires")]
    [InlineData("alg none", "has signed")]
    [InlineData("signed with the public key as a secret", "has signed")]
    [InlineData("signed with another key of that name", "has signed")]
    [InlineData("an algorithm that is not allowed", "has signed")]
    [InlineData("changed after it was signed", "has signed")]
    [InlineData("an issuer that is not configured", "not known here")]
    [InlineData("an issuer but for a slash", "not known here")]
    [InlineData("without a subject", "no subject")]
    [InlineData("no JSON", "not known here")]
    public async Task A_token_that_is_not_good_is_refused_and_told_why(string what, string why)
    {
        await StartAsync();
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(_issuer.Token(null, ("scope", "read"))));
        var now = TimeProvider.System.GetUtcNow().UtcDateTime;
        (string, object)[] claims = [("scope", "read")];
        var token = what switch
        {
            "another audience" => _issuer.Token(descriptor => descriptor.Audience = "another", claims),
            "expired" => _issuer.Token(descriptor => (descriptor.NotBefore, descriptor.Expires) = (now.AddHours(-1), now.AddMinutes(-1)), claims),
            "not yet valid" => _issuer.Token(descriptor => descriptor.NotBefore = now.AddMinutes(10), claims),
            "without an end" => _issuer.Token(descriptor => descriptor.Expires = null, claims),
            "alg none" => _issuer.Unsigned(),
            "signed with the public key as a secret" => _issuer.Token(descriptor => descriptor.SigningCredentials = _issuer.PublicKeyAsSecret(), claims),
            "signed with another key of that name" => _issuer.Token(descriptor => descriptor.SigningCredentials = _issuer.Forged(), claims),
            "an algorithm that is not allowed" => _issuer.Token(descriptor => descriptor.SigningCredentials = _issuer.SignedBy(SecurityAlgorithms.RsaSha512), claims),
            "changed after it was signed" => Swapped(_issuer.Token(null, ("scope", "read")), _issuer.Token(null, ("scope", "read admin"))),
            "an issuer that is not configured" => _issuer.Token(descriptor => descriptor.Issuer = "https://login.example.com", claims),
            "an issuer but for a slash" => _issuer.Token(descriptor => descriptor.Issuer += "/", claims),
            "without a subject" => _issuer.Token(descriptor => descriptor.Subject = null, claims),
            "no JSON" => "a.b.c",
            _ => throw new ArgumentException(what),
        };

        using var client = _server.Client(token);
        var problem = await ApiClient.ExpectProblemAsync(await client.Http.GetAsync("/v1/tasks", Stop), HttpStatusCode.Unauthorized, "unauthorized");

        Assert.Contains(why, problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.DoesNotContain("IDX", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_claim_stands_for_the_scopes_that_the_file_says_and_never_for_a_workers()
    {
        await StartAsync("scopeClaim: roles, scopes: { devs: [read, submit], ops: [operate] }");

        Assert.Equal(HttpStatusCode.Created, (await SubmitAsync(_issuer.Token(null, ("roles", new[] { "devs", "work" })))).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync(_issuer.Token(null, ("roles", "read"))));
        Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync(_issuer.Token(null, ("scope", "read"))));
        using var worker = _server.Client(_issuer.Token(null, ("roles", new[] { "work", "devs" })));
        using var claim = await worker.PostTextAsync("/v1/leases", """{ "worker": "w", "agents": ["command"], "capacity": 1 }""");
        Assert.Equal(HttpStatusCode.Forbidden, claim.StatusCode);
    }

    [Fact]
    public async Task A_token_sees_its_tenant_and_one_without_a_tenant_is_refused()
    {
        await StartAsync("tenantClaim: org");
        var (ours, theirs) = (_issuer.Token(null, ("org", "ours"), ("scope", "read submit")), _issuer.Token(null, ("org", "theirs"), ("scope", "read submit")));
        using var submitted = await SubmitAsync(ours);

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.NotFound), (await StatusAsync(ours, submitted.Headers.Location!.ToString()), await StatusAsync(theirs, submitted.Headers.Location.ToString())));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(_issuer.Token(null, ("scope", "read"))));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(_issuer.Token(null, ("org", "a:b"), ("scope", "read"))));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(_issuer.Token(null, ("org", new[] { "ours", "theirs" }), ("scope", "read"))));
    }

    [Fact]
    public async Task A_new_key_of_the_issuer_is_fetched_when_the_first_token_needs_it()
    {
        await StartAsync();
        var before = _issuer.Token(null, ("scope", "read"));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(before));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(before));
        Assert.Equal(1, _issuer.Asked);

        _issuer.Rotate();
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(_issuer.Token(null, ("scope", "read"))));

        // Tokens with keys of nobody's do not make it ask each time.
        var asked = _issuer.Asked;
        for (var i = 0; i < 5; i++)
        {
            Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(_issuer.Token(descriptor => descriptor.SigningCredentials = _issuer.Forged(), ("scope", "read"))));
        }

        Assert.InRange(_issuer.Asked, asked, asked + 1);
    }

    [Fact]
    public async Task Issuers_come_and_go_with_the_file()
    {
        await WriteAsync("");
        Start();
        var token = _issuer.Token(null, ("scope", "read"));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(token));

        await WriteAsync(Yaml(""));
        await Eventually.TrueAsync(async () => await StatusAsync(token) == HttpStatusCode.OK, Limit, "the issuer is known");
        await WriteAsync(Yaml("scopes: { readers: [read] }"));
        await Eventually.TrueAsync(async () => await StatusAsync(token) == HttpStatusCode.Forbidden, Limit, "its claims mean something else");
        await WriteAsync("identity: { issuers: [] }");
        await Eventually.TrueAsync(async () => await StatusAsync(token) == HttpStatusCode.Unauthorized, Limit, "the issuer is unknown");
    }

    [Fact]
    public async Task While_nobody_knows_the_issuers_keys_no_token_of_it_is_called_wrong()
    {
        await StartAsync();
        var token = _issuer.Token(null, ("scope", "read"));
        await _issuer.DisposeAsync();

        using var client = _server.Client(token);
        await ApiClient.ExpectProblemAsync(await client.Http.GetAsync("/v1/tasks", Stop), HttpStatusCode.ServiceUnavailable, "issuer-unavailable");
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(ApiServer.ApiKey));
        _issuer = await TestIssuer.StartAsync();
    }

    [Theory]
    [InlineData("authority: http://login.example.com, audience: a", "identity.issuers[0].authority")]
    [InlineData("authority: https://login.example.com", "identity.issuers[0].audience")]
    [InlineData("authority: https://login.example.com, audience: a, algorithms: [HS256]", "identity.issuers[0].algorithms")]
    [InlineData("authority: https://login.example.com, audience: a, algorithms: [none]", "identity.issuers[0].algorithms")]
    [InlineData("authority: https://login.example.com, audience: a, scopes: { x: [work] }", "identity.issuers[0].scopes.x")]
    [InlineData("authority: https://login.example.com, audience: a, tenant: A", "identity.issuers[0].tenant")]
    [InlineData("authority: https://login.example.com, audience: a, tenant: a, tenantClaim: b", "identity.issuers[0].tenant")]
    public async Task A_file_that_would_let_in_what_it_should_not_is_refused(string issuer, string path)
    {
        await WriteAsync($"identity: {{ issuers: [{{ {issuer} }}] }}");

        var refused = await Assert.ThrowsAsync<ConfigFileException>(() => ConfigFile.LoadAsync<ApiConfig>(Path.Combine(_config, "api.yaml"), _ => null, ApiConfig.Validate, Stop));

        Assert.Equal(path, Assert.Single(refused.Problems).Path);
    }

    private static string Swapped(string signed, string other) => $"{signed.Split('.')[0]}.{other.Split('.')[1]}.{signed.Split('.')[2]}";

    private string Yaml(string more) => $"identity: {{ issuers: [{{ authority: \"{_issuer.Authority}\", audience: {TestIssuer.Audience}{(more.Length > 0 ? ", " : "")}{more} }}] }}";

    private Task WriteAsync(string yaml) => File.WriteAllTextAsync(Path.Combine(_config, "api.yaml"), yaml, Stop);

    private async Task StartAsync(string more = "")
    {
        await WriteAsync(Yaml(more));
        Start();
    }

    private void Start() => _server = ApiServer.Start(Redis.ConnectionString, Folder, ("Config:Directory", _config));

    private async Task<HttpStatusCode> StatusAsync(string token, string path = "/v1/tasks")
    {
        using var client = _server.Client(token);
        using var answer = await client.Http.GetAsync(path, Stop);
        return answer.StatusCode;
    }

    private async Task<HttpResponseMessage> SubmitAsync(string token)
    {
        using var client = _server.Client(token);
        return await client.PostTextAsync("/v1/tasks", """{ "prompt": "true", "agent": { "name": "command" } }""");
    }
}
