using CodeAgent.LlmGateway.Tests.Cache;
using CodeAgent.LlmGateway.Tests.Support;
using CodeAgent.Testing.Redis;

namespace CodeAgent.LlmGateway.Tests.Pains;

public sealed class CachePains(GarnetFixture redis)
{
    [Fact]
    public async Task Pain_17b_a_cache_is_never_shared_across_tenants()
    {
        await using var upstream = await MockUpstream.StartAsync();
        upstream.Chat = Upstreams.Answers("yes");
        await using var gateway = await GatewayHost.StartAsync(redis.ConnectionString, upstream);
        var tenant = $"tenant-{Guid.NewGuid():N}";
        var (one, first) = await GatewayKeys.MakeAsync(redis.Client, key => key with { Tenant = tenant });
        var (_, second) = await GatewayKeys.MakeAsync(redis.Client, key => key with { Tenant = tenant });
        var (_, other) = await GatewayKeys.MakeAsync(redis.Client, key => key with { Tenant = tenant + "2" });
        var (_, alone) = await GatewayKeys.MakeAsync(redis.Client);

        // Named as the first key, which must not make it the same.
        var (_, namesake) = await GatewayKeys.MakeAsync(redis.Client, key => key with { Tenant = one.Id });
        var (_, task) = await Tasks.LeaseAsync(redis.Client);
        var (_, otherTask) = await Tasks.LeaseAsync(redis.Client);

        List<string?> seen = [];
        foreach (var secret in new[] { first, second, other, alone, namesake, task, otherTask, GatewayHost.Key, task })
        {
            using var client = gateway.Client(secret);
            seen.Add((await client.CachedAsync(ChatCalls.Plain, secret == GatewayHost.Key ? "refresh" : "on")).Response.Cache());
        }

        Assert.Equal(["miss", "hit", "miss", "miss", "miss", "miss", "miss", "miss", "hit"], seen);
        Assert.Equal(7, upstream.Requests.Count);
    }
}
