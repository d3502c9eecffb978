using System.Diagnostics;
using System.Net;
using System.Text.Json.Nodes;
using CodeAgent.LlmGateway.Tests.Support;
using CodeAgent.ServiceDefaults.Identity;
using CodeAgent.Testing;
using CodeAgent.Testing.Redis;
using Microsoft.AspNetCore.Http;

namespace CodeAgent.LlmGateway.Tests.Keys;

public sealed class KeyTests(GarnetFixture redis)
{
    private static async Task<MockUpstream> UpstreamAsync()
    {
        var upstream = await MockUpstream.StartAsync();
        upstream.Chat = http => http.Response.WriteAsync(ChatCalls.Answer);
        return upstream;
    }

    [Fact]
    public async Task Pain_18_while_the_key_store_is_down_a_key_is_not_called_wrong_and_nobody_waits_long_to_hear_it()
    {
        var own = new GarnetFixture();
        await own.InitializeAsync();
        await using var upstream = await UpstreamAsync();
        await using var gateway = await GatewayHost.StartAsync(own.ConnectionString, upstream);
        var (_, good) = await GatewayKeys.MakeAsync(own.Client);
        await own.DisposeAsync();

        foreach (var secret in (string[])[good, Secret.NewKey(), Secret.NewToken(Guid.CreateVersion7(), 1)])
        {
            using var client = gateway.Client(secret);
            var clock = Stopwatch.StartNew();
            var (response, body) = await client.AskAsync(ChatCalls.Plain);

            Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
            Assert.Equal(TimeSpan.FromSeconds(1), response.Headers.RetryAfter?.Delta);
            Assert.Contains("redis_unavailable", body, StringComparison.Ordinal);
            Assert.True(clock.Elapsed < TimeSpan.FromSeconds(3), $"{clock.Elapsed}");
        }

        Assert.Empty(upstream.Requests);
    }

    [Fact]
    public async Task A_revoked_key_opens_nothing_any_more_at_any_gateway()
    {
        await using var upstream = await UpstreamAsync();
        await using var one = await GatewayHost.StartAsync(redis.ConnectionString, upstream);
        await using var two = await GatewayHost.StartAsync(redis.ConnectionString, upstream);
        var (plain, plainSecret) = await GatewayKeys.MakeAsync(redis.Client);
        var (limited, limitedSecret) = await GatewayKeys.LimitedAsync(redis.Client, new() { RequestsPerDay = 100 });
        using var first = one.Client(plainSecret);
        using var second = two.Client(limitedSecret);
        using var admin = one.Client();
        Assert.Equal(HttpStatusCode.OK, (await first.AskAsync(ChatCalls.Plain)).Response.StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await second.AskAsync(ChatCalls.Plain)).Response.StatusCode);

        var clock = Stopwatch.StartNew();
        Assert.Equal(HttpStatusCode.NoContent, (await admin.DeleteAsync($"/admin/keys/{plain.Id}", TestContext.Current.CancellationToken)).StatusCode);
        Assert.Equal(HttpStatusCode.NoContent, (await admin.DeleteAsync($"/admin/keys/{limited.Id}", TestContext.Current.CancellationToken)).StatusCode);

        // A key with limits is looked up with them, so at once; one without is heard of.
        Assert.Equal(HttpStatusCode.Unauthorized, (await second.AskAsync(ChatCalls.Plain)).Response.StatusCode);
        await Eventually.TrueAsync(async () => (await first.AskAsync(ChatCalls.Plain)).Response.StatusCode == HttpStatusCode.Unauthorized, TimeSpan.FromSeconds(5), "the key is gone");
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(4), $"{clock.Elapsed}");
    }

    [Fact]
    public async Task A_key_is_good_from_the_moment_it_is_made_though_it_was_asked_for_before()
    {
        await using var upstream = await UpstreamAsync();
        await using var gateway = await GatewayHost.StartAsync(redis.ConnectionString, upstream);
        var secret = Secret.NewKey();
        using var client = gateway.Client(secret);
        Assert.Equal(HttpStatusCode.Unauthorized, (await client.AskAsync(ChatCalls.Plain)).Response.StatusCode);

        await new KeyStore(redis.Client).AddAsync(new(Guid.CreateVersion7().ToString("N"), "late", [Scopes.Models], DateTimeOffset.UnixEpoch), secret);

        Assert.Equal(HttpStatusCode.OK, (await client.AskAsync(ChatCalls.Plain)).Response.StatusCode);
    }

    [Fact]
    public async Task A_key_ends_when_it_says_so()
    {
        await using var upstream = await UpstreamAsync();
        await using var gateway = await GatewayHost.StartAsync(redis.ConnectionString, upstream);
        var (_, secret) = await GatewayKeys.MakeAsync(redis.Client, key => key with { ExpiresAt = TimeProvider.System.GetUtcNow().AddSeconds(-1) });
        using var client = gateway.Client(secret);

        Assert.Equal(HttpStatusCode.Unauthorized, (await client.AskAsync(ChatCalls.Plain)).Response.StatusCode);
    }

    [Fact]
    public async Task A_key_for_some_models_is_for_no_other()
    {
        await using var upstream = await UpstreamAsync();
        await using var gateway = await GatewayHost.StartAsync(redis.ConnectionString, upstream);
        var (_, secret) = await GatewayKeys.MakeAsync(redis.Client, key => key with { Models = ["mock-model"] });
        using var client = gateway.Client(secret);

        Assert.Equal(HttpStatusCode.OK, (await client.AskAsync(ChatCalls.Plain)).Response.StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await client.AskAsync("""{"model":"default","messages":[]}""")).Response.StatusCode);
        var (refused, body) = await client.AskAsync("""{"model":"mock/upstream-model","messages":[]}""");

        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
        Assert.Contains("model_not_allowed", body, StringComparison.Ordinal);
        Assert.Equal(2, upstream.Requests.Count);
    }

    [Fact]
    public async Task A_key_for_some_models_is_told_of_these()
    {
        await using var upstream = await UpstreamAsync();
        await using var gateway = await GatewayHost.StartAsync(redis.ConnectionString, $$"""
            providers: { mock: { kind: openai, baseUrl: "{{upstream.BaseUrl}}", apiKey: "${MOCK_KEY}" } }
            models: { one: { provider: mock }, two: { provider: mock } }
            default: [two]
            """, ("MOCK_KEY", "sk-x"));
        var (_, secret) = await GatewayKeys.MakeAsync(redis.Client, key => key with { Models = ["one"] });
        using var client = gateway.Client(secret);
        using var operators = gateway.Client();

        var told = JsonNode.Parse(await client.GetStringAsync("/v1/models", TestContext.Current.CancellationToken))!;
        var google = JsonNode.Parse(await client.GetStringAsync("/v1beta/models", TestContext.Current.CancellationToken))!;
        var all = JsonNode.Parse(await operators.GetStringAsync("/v1/models", TestContext.Current.CancellationToken))!;
        using var other = await client.GetAsync("/v1/models/two", TestContext.Current.CancellationToken);
        var (none, body) = await client.AskAsync("""{"model":"three","messages":[]}""");

        Assert.Equal(["one"], told["data"]!.AsArray().Select(model => (string?)model!["id"]));
        Assert.Equal(["models/one"], google["models"]!.AsArray().Select(model => (string?)model!["name"]));
        Assert.Equal(["default", "one", "two"], all["data"]!.AsArray().Select(model => (string?)model!["id"]));
        Assert.Equal((HttpStatusCode.Forbidden, HttpStatusCode.Forbidden), (other.StatusCode, none.StatusCode));
        Assert.DoesNotContain("two", body, StringComparison.Ordinal);
    }
}
