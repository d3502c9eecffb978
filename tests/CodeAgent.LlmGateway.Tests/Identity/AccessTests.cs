using System.Net;
using System.Text.Json;
using CodeAgent.LlmGateway.Tests.Support;
using CodeAgent.ServiceDefaults.Identity;
using CodeAgent.ServiceDefaults.Redis;
using CodeAgent.Testing;
using CodeAgent.Testing.Redis;

namespace CodeAgent.LlmGateway.Tests.Identity;

public sealed class AccessTests(GarnetFixture redis)
{
    private static readonly string[] Paths = ["/v1/chat/completions", "/v1/models"];

    private async Task<string?> SecretAsync(string kind)
    {
        switch (kind)
        {
            case "development key": return GatewayHost.Key;
            case "worker key": return GatewayHost.WorkerKey;
            case "no key": return null;
            case "unknown key": return Secret.NewKey();
            case "key for models": return await KeyAsync(Scopes.Models);
            case "key for tasks": return await KeyAsync(Scopes.Read, Scopes.Submit);
            case "token": return (await Tasks.LeaseAsync(redis.Client)).Token;
            case "forged token": return Secret.NewToken((await Tasks.LeaseAsync(redis.Client)).Task, 1);
            case "token of an earlier lease":
                var (earlier, token) = await Tasks.LeaseAsync(redis.Client);
                await Tasks.LeaseAsync(redis.Client, 2, earlier);
                return token;
            case "token of a task that is over":
                var (over, last) = await Tasks.LeaseAsync(redis.Client);
                await Tasks.EndAsync(redis.Client, over);
                return last;
            default: throw new ArgumentException(kind);
        }
    }

    private async Task<string> KeyAsync(params string[] scopes)
    {
        var key = Secret.NewKey();
        var record = new KeyRecord(Guid.NewGuid().ToString(), "test", scopes, DateTimeOffset.UnixEpoch);
        await redis.Client.GetDatabase().StringSetAsync(RedisKeys.ApiKey(Secret.Hash(key)), JsonSerializer.Serialize(record, IdentityJson.Default.KeyRecord));
        return key;
    }

    [Theory]
    [InlineData("development key", 200, null)]
    [InlineData("key for models", 200, null)]
    [InlineData("token", 200, null)]
    [InlineData("no key", 401, "unauthorized")]
    [InlineData("unknown key", 401, "unauthorized")]
    [InlineData("forged token", 401, "unauthorized")]
    [InlineData("worker key", 403, "forbidden")]
    [InlineData("key for tasks", 403, "forbidden")]
    [InlineData("token of an earlier lease", 403, "lease_over")]
    [InlineData("token of a task that is over", 403, "lease_over")]
    public async Task Models_are_for_keys_with_the_scope_and_for_running_leases(string kind, int status, string? code)
    {
        await using var gateway = await GatewayHost.StartAsync(redis.ConnectionString);
        using var client = gateway.Client(await SecretAsync(kind));

        foreach (var path in Paths)
        {
            using var request = path == Paths[0] ? ChatCalls.Request("""{"model":"simulator","messages":[{"role":"user","content":"hi"}]}""") : new(HttpMethod.Get, path);
            using var response = await client.SendAsync(request, TestContext.Current.CancellationToken);
            Assert.Equal(status, (int)response.StatusCode);
            Assert.True(response.Headers.Contains("X-Correlation-Id"));
            if (code is not null)
            {
                using var body = JsonDocument.Parse(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
                var error = body.RootElement.GetProperty("error");
                Assert.Equal(code, error.GetProperty("code").GetString());
                Assert.NotEmpty(error.GetProperty("message").GetString()!);
                Assert.NotEmpty(error.GetProperty("type").GetString()!);
                Assert.Equal(JsonValueKind.Null, error.GetProperty("param").ValueKind);
            }
        }
    }

    [Theory]
    [InlineData("development key", 200)]
    [InlineData("key for models", 403)]
    [InlineData("token", 403)]
    [InlineData("no key", 401)]
    public async Task Turns_are_listed_for_admins(string kind, int status)
    {
        await using var gateway = await GatewayHost.StartAsync(redis.ConnectionString);
        using var client = gateway.Client(await SecretAsync(kind));

        using var response = await client.GetAsync($"/admin/turns?task={Guid.NewGuid()}", TestContext.Current.CancellationToken);

        Assert.Equal(status, (int)response.StatusCode);
    }

    [Fact]
    public async Task Without_Redis_a_token_is_not_called_wrong()
    {
        await using var gateway = await GatewayHost.StartAsync($"127.0.0.1:{FreePort.Next()},abortConnect=false,connectTimeout=200,asyncTimeout=500,syncTimeout=500");
        using var client = gateway.Client(Secret.NewToken(Guid.CreateVersion7(), 1));
        using var known = gateway.Client();

        using var response = await client.GetAsync("/v1/models", TestContext.Current.CancellationToken);
        using var probe = gateway.Client(null);
        using var health = await probe.GetAsync("/health", TestContext.Current.CancellationToken);
        using var alive = await probe.GetAsync("/alive", TestContext.Current.CancellationToken);
        using var other = await known.GetAsync("/v1/models", TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        Assert.NotNull(response.Headers.RetryAfter);
        Assert.Contains("redis_unavailable", await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, health.StatusCode);
        Assert.Equal(HttpStatusCode.OK, alive.StatusCode);
        Assert.Equal(HttpStatusCode.OK, other.StatusCode);
    }
}
