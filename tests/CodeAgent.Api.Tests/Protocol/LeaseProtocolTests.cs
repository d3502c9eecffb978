using System.Globalization;
using CodeAgent.Testing.Books;
using CodeAgent.Testing.Redis;
using FsCheck;
using FsCheck.Fluent;

namespace CodeAgent.Api.Tests.Protocol;

/// <summary>
/// The lease protocol against a model of it: random moves of clients, workers and sweepers on three instances whose clocks jump,
/// through the real scripts. <c>CODEAGENT_TEST_SEQUENCES</c> says how many sequences, 40 by default.
/// </summary>
public abstract class LeaseProtocolTests(RedisFixture redis) : IAsyncLifetime
{
    private const int Sequences = 40;
    private const int LongestSequence = 40;

    private readonly List<Instance> _instances = [];

    public async ValueTask InitializeAsync()
    {
        Assert.SkipWhen(redis.Unavailable is not null, redis.Unavailable ?? "");
        for (var i = 0; i < Instance.Count; i++)
        {
            _instances.Add(await Instance.StartAsync(redis.ConnectionString));
        }
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        foreach (var instance in _instances)
        {
            await instance.DisposeAsync();
        }
    }

    [Fact]
    public async Task Whatever_meets_whatever_the_tasks_are_as_the_model_says()
    {
        var count = int.Parse(Environment.GetEnvironmentVariable("CODEAGENT_TEST_SEQUENCES") ?? $"{Sequences}", CultureInfo.InvariantCulture);
        var property = Prop.ForAll(Arb.From(Move.Rounds, Shorter), async (Move[][] rounds) => await PlayAsync(rounds));

        // FsCheck waits for each sequence on the thread that it is called on.
        await Task.Run(() => Check.One(Config.QuickThrowOnFailure.WithMaxTest(count).WithStartSize(LongestSequence / 4).WithEndSize(LongestSequence), property), TestContext.Current.CancellationToken);
    }

    [Theory]
    [InlineData("ZREM", "codeagent:lane:builtin:::", "{id}", "missing: lane:builtin:::")]
    [InlineData("ZREM", "codeagent:turns", "builtin", "missing: turns builtin")]
    [InlineData("HINCRBY", "codeagent:queue-sizes", "builtin|1", "too much: queue-sizes builtin")]
    [InlineData("HSET", "codeagent:running", "tenant:|1", "too much: running tenant:")]
    [InlineData("ZREM", "codeagent:tasks", "{id}", "missing: tasks")]
    [InlineData("ZREM", "codeagent:tasks:status:queued", "{id}", "missing: tasks:status:queued")]
    [InlineData("ZADD", "codeagent:leases", "1|{id}", "too much: leases at 1")]
    [InlineData("ZADD", "codeagent:waiting", "1|{id}", "too much: waiting at 1")]
    [InlineData("ZADD", "codeagent:tasks:status:failed", "0|{id}", "too much: tasks:status:failed")]
    [InlineData("SET", "codeagent:task:{id}:checkpoint", "{}", "too much: checkpoint")]
    [InlineData("LPOP", "codeagent:task:{id}:events", "1", "the events are ")]
    [InlineData("RPUSH", "codeagent:task:{id}:events", """{"number":2,"type":"task.failed"}""", "1 final events in 1 runs")]
    [InlineData("RPUSH", "codeagent:task:{id}:messages", "{}", "1 messages are kept")]
    [InlineData("HSET", "codeagent:task:{id}", "fence|3", "the state says queued and fence 0")]
    [InlineData("HDEL", "codeagent:task:{id}", "request", "no state, status, fence or request")]
    public async Task Books_that_are_not_balanced_are_noticed(string command, string key, string arguments, string noticed)
    {
        await redis.Client.GetDatabase().ExecuteAsync("FLUSHALL");
        var id = Guid.CreateVersion7();
        await _instances[0].Store.ChangeAsync(id, new Move(0, 0, Act.Submit, 0, 0, 0).Command(id, new()), cancellationToken: TestContext.Current.CancellationToken);
        Assert.Empty(await TaskBooks.CheckAsync(redis.Client));

        string WithId(string text) => text.Replace("{id}", $"{id}", StringComparison.Ordinal);
        await redis.Client.GetDatabase().ExecuteAsync(command, [WithId(key), .. arguments.Split('|').Select(WithId)]);

        Assert.Contains(await TaskBooks.CheckAsync(redis.Client), wrong => wrong.Contains(noticed, StringComparison.Ordinal));
    }

    private async Task PlayAsync(Move[][] rounds)
    {
        await redis.Client.GetDatabase().ExecuteAsync("FLUSHALL");
        await new World(_instances, redis.Client).PlayAsync(rounds);
    }

    // Without one part of it, the larger parts first; then with one move less in a round.
    private static IEnumerable<Move[][]> Shorter(Move[][] rounds)
    {
        for (var size = rounds.Length / 2; size > 0; size /= 2)
        {
            for (var from = 0; from < rounds.Length; from += size)
            {
                yield return [.. rounds[..from], .. rounds[Math.Min(rounds.Length, from + size)..]];
            }
        }

        for (var round = 0; round < rounds.Length; round++)
        {
            for (var move = 0; rounds[round].Length > 1 && move < rounds[round].Length; move++)
            {
                yield return [.. rounds[..round], [.. rounds[round][..move], .. rounds[round][(move + 1)..]], .. rounds[(round + 1)..]];
            }
        }
    }
}

public sealed class LeaseProtocolOnGarnet(GarnetFixture redis) : LeaseProtocolTests(redis), IClassFixture<GarnetFixture>;

public sealed class LeaseProtocolOnRedis(RedisServerFixture redis) : LeaseProtocolTests(redis), IClassFixture<RedisServerFixture>;
