using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using CodeAgent.LlmGateway.Tests.Support;
using CodeAgent.ServiceDefaults.Identity;
using CodeAgent.Testing.Redis;
using Microsoft.AspNetCore.Http;

namespace CodeAgent.LlmGateway.Tests.Admin;

public sealed class AdminTests(GarnetFixture redis) : IAsyncLifetime
{
    private MockUpstream _upstream = null!;
    private GatewayHost _gateway = null!;
    private HttpClient _admin = null!;

    public async ValueTask InitializeAsync()
    {
        _upstream = await MockUpstream.StartAsync();
        _upstream.Chat = http => http.Response.WriteAsync(ChatCalls.Answer);
        _gateway = await GatewayHost.StartAsync(redis.ConnectionString, _upstream);
        _admin = _gateway.Client();
    }

    public async ValueTask DisposeAsync()
    {
        _admin.Dispose();
        await _gateway.DisposeAsync();
        await _upstream.DisposeAsync();
    }

    private async Task<(HttpStatusCode Status, JsonElement Body)> MakeAsync(string json)
    {
        using var content = new StringContent(json, Encoding.UTF8, "application/json");
        using var response = await _admin.PostAsync("/admin/keys", content, TestContext.Current.CancellationToken);
        return (response.StatusCode, await response.Content.ReadFromJsonAsync<JsonElement>(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_key_is_made_used_listed_without_its_secret_and_revoked()
    {
        var (status, made) = await MakeAsync("""{"name":"team a","limits":{"requestsPerDay":2,"usd":5.5},"models":["mock-model"],"tenant":"acme","expiresAt":"2999-01-01T00:00:00Z"}""");
        var (id, secret) = (made.GetProperty("key").GetProperty("id").GetString()!, made.GetProperty("secret").GetString()!);
        using var client = _gateway.Client(secret);

        Assert.Equal(HttpStatusCode.Created, status);
        Assert.Equal([HttpStatusCode.OK, HttpStatusCode.OK, HttpStatusCode.TooManyRequests],
            new[] { await client.AskAsync(ChatCalls.Plain), await client.AskAsync(ChatCalls.Plain), await client.AskAsync(ChatCalls.Plain) }.Select(answer => answer.Response.StatusCode));
        var list = await _admin.GetStringAsync("/admin/keys?limit=200", TestContext.Current.CancellationToken);
        Assert.Contains(id, list, StringComparison.Ordinal);
        Assert.Contains("\"usd\":5.5", list, StringComparison.Ordinal);
        Assert.DoesNotContain(secret, list, StringComparison.Ordinal);
        Assert.DoesNotContain(Secret.Hash(secret), list, StringComparison.Ordinal);

        Assert.Equal(HttpStatusCode.NoContent, (await _admin.DeleteAsync($"/admin/keys/{id}", TestContext.Current.CancellationToken)).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await client.AskAsync(ChatCalls.Plain)).Response.StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await _admin.DeleteAsync($"/admin/keys/{id}", TestContext.Current.CancellationToken)).StatusCode);
    }

    [Theory]
    [InlineData("""{"name":"x","limits":{"requestsPerMinute":0}}""", "limits.requestsPerMinute")]
    [InlineData("""{"name":"x","limits":{"tokens":-5}}""", "limits.tokens")]
    [InlineData("""{"name":"x","limits":{"usdPerDay":0}}""", "limits.usdPerDay")]
    [InlineData("""{"name":"x","limits":{"tokensPerDay":"many"}}""", "limits.tokensPerDay")]
    [InlineData("""{"name":"x","limits":{"rpm":5}}""", "limits.rpm")]
    [InlineData("""{"name":"x","limits":{}}""", "limits")]
    [InlineData("""{"name":"x","limits":{"requestsPerMinute":60,"requestsPerDay":50}}""", "limits.requestsPerMinute")]
    [InlineData("""{"name":"x","limits":{"requestsPerMinute":1,"requestsPerDay":1440}}""", "limits.requestsPerDay")]
    [InlineData("""{"name":"x","limits":{"usdPerDay":10,"usd":10}}""", "limits.usdPerDay")]
    [InlineData("""{"name":"x","budget":5}""", "budget")]
    [InlineData("""{"name":"x","models":[]}""", "models")]
    [InlineData("""{"name":"x","models":["no-such-model"]}""", "models")]
    [InlineData("""{"name":"x","tenant":" "}""", "tenant")]
    [InlineData("""{"name":"x","expiresAt":"2001-01-01T00:00:00Z"}""", "expiresAt")]
    [InlineData("""{"name":"\u0007"}""", "name")]
    [InlineData("{}", "name")]
    public async Task Pain_13_a_key_with_a_limit_that_could_do_nothing_is_not_made(string json, string field)
    {
        var (status, problem) = await MakeAsync(json);

        Assert.Equal((HttpStatusCode.BadRequest, field), (status, problem.GetProperty("field").GetString()));
    }

    [Fact]
    public async Task A_key_that_opens_more_than_models_is_not_the_gateways_to_revoke()
    {
        var (key, _) = await GatewayKeys.MakeAsync(redis.Client, key => key with { Scopes = [Scopes.Models, Scopes.Admin] });

        Assert.Equal(HttpStatusCode.NotFound, (await _admin.DeleteAsync($"/admin/keys/{key.Id}", TestContext.Current.CancellationToken)).StatusCode);
        Assert.DoesNotContain(key.Id, await _admin.GetStringAsync("/admin/keys?limit=200", TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Scopes.Gateway, 200)]
    [InlineData(Scopes.Admin, 200)]
    [InlineData(Scopes.Models, 403)]
    [InlineData(Scopes.Operate, 403)]
    public async Task The_administration_has_a_scope_of_its_own(string scope, int status)
    {
        var (_, secret) = await GatewayKeys.MakeAsync(redis.Client, key => key with { Scopes = [scope] });
        using var client = _gateway.Client(secret);

        foreach (var path in (string[])["/admin/keys", "/admin/usage", "/admin/routes"])
        {
            using var response = await client.GetAsync(path, TestContext.Current.CancellationToken);
            Assert.Equal(status, (int)response.StatusCode);
        }
    }

    [Theory]
    [InlineData("by=team", "by")]
    [InlineData("from=yesterday", "from")]
    [InlineData("to=2026-13-01", "to")]
    [InlineData("from=2026-02-01&to=2026-01-01", "from")]
    [InlineData("from=2020-01-01&to=2026-01-01", "from")]
    [InlineData("form=2026-01-01", "form")]
    public async Task A_question_that_makes_no_sense_is_refused_with_its_field(string query, string field)
    {
        using var response = await _admin.GetAsync($"/admin/usage?{query}", TestContext.Current.CancellationToken);
        var problem = await response.Content.ReadFromJsonAsync<JsonElement>(TestContext.Current.CancellationToken);

        Assert.Equal((HttpStatusCode.BadRequest, field), (response.StatusCode, problem.GetProperty("field").GetString()));
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
    }

    [Fact]
    public async Task The_routes_are_there_with_how_they_are()
    {
        await _admin.AskAsync(ChatCalls.Plain);

        var routes = await _admin.GetFromJsonAsync<JsonElement>("/admin/routes", TestContext.Current.CancellationToken);

        Assert.Equal("mock-model", routes.GetProperty("default").GetString());
        Assert.Matches("^[0-9a-f]{12}$", routes.GetProperty("configuration").GetString());
        var deployment = routes.GetProperty("items")[0].GetProperty("deployments")[0];
        Assert.Equal(("mock", "upstream-model", "ready"), (deployment.GetProperty("provider").GetString(), deployment.GetProperty("model").GetString(), deployment.GetProperty("state").GetString()));
        Assert.True(deployment.GetProperty("load").GetDouble() > 0);
    }
}
