using CodeAgent.ServiceDefaults.Redis;
using CodeAgent.Testing.Redis;
using StackExchange.Redis;

namespace CodeAgent.LlmGateway.Tests.Redis;

public abstract class RedisScriptTests(RedisFixture redis)
{
    protected RedisFixture Redis { get; } = redis;

    [Fact]
    public async Task A_script_that_the_server_has_forgotten_runs_all_the_same()
    {
        Assert.SkipWhen(Redis.Unavailable is not null, Redis.Unavailable ?? "");
        var database = Redis.Client.GetDatabase();
        var (script, key) = (new RedisScript("count", "return redis.call('INCRBY', KEYS[1], ARGV[1])"), (RedisKey)$"test:{Guid.NewGuid():N}");
        Assert.Equal(2, (int)await script.RunAsync(database, [key], [2]));
        Assert.Equal(4, (int)await script.RunAsync(database, [key], [2]));
        await database.ExecuteAsync("SCRIPT", "FLUSH");
        Assert.Equal(7, (int)await script.RunAsync(database, [key], [3]));
        Assert.Equal(8, (int)await script.RunQuietlyAsync(database, [key], [1]));
    }

    [Fact]
    public async Task A_script_that_fails_is_not_run_again()
    {
        Assert.SkipWhen(Redis.Unavailable is not null, Redis.Unavailable ?? "");
        var database = Redis.Client.GetDatabase();
        var (script, key) = (new RedisScript("fail", "redis.call('INCR', KEYS[1]); return redis.call('LPOP', KEYS[1])"), (RedisKey)$"test:{Guid.NewGuid():N}");
        await Assert.ThrowsAsync<RedisServerException>(() => script.RunAsync(database, [key], []));
        await Assert.ThrowsAsync<RedisServerException>(() => script.RunAsync(database, [key], []));
        Assert.Equal(2, (int)await database.StringGetAsync(key));
    }
}

public sealed class RedisScriptOnGarnetTests(GarnetFixture redis) : RedisScriptTests(redis);

public sealed class RedisScriptOnRedisTests(RedisServerFixture redis) : RedisScriptTests(redis), IClassFixture<RedisServerFixture>
{
    // Dead is, for the client, a connection on which nothing was read for four times as long as a synchronous command may wait, while
    // one waits longer than that: 20 s as a rule, and a fraction of a second here.
    [Fact]
    public async Task The_first_run_on_a_connection_that_was_idle_waits_for_a_slow_server()
    {
        Assert.SkipWhen(Redis.Unavailable is not null, Redis.Unavailable ?? "");
        var options = ConfigurationOptions.Parse(Redis.ConnectionString);
        (options.SyncTimeout, options.AsyncTimeout, options.HeartbeatInterval) = (100, 10_000, TimeSpan.FromMilliseconds(100));
        await using var client = await ConnectionMultiplexer.ConnectAsync(options);
        var database = client.GetDatabase();
        await database.PingAsync();
        var script = new RedisScript("one", $"return 1 -- {Guid.NewGuid()}");

        await Redis.Client.GetDatabase().ExecuteAsync("CLIENT", "PAUSE", "2500");
        Assert.Equal(1, (int)await script.RunAsync(database, [], []));
    }
}
