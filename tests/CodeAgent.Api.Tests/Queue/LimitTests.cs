using CodeAgent.Api.Tasks;
using CodeAgent.Api.Tests.Tasks;
using CodeAgent.Contracts;
using CodeAgent.Testing.Redis;

namespace CodeAgent.Api.Tests.Queue;

/// <summary>How many tasks run at once.</summary>
public abstract class LimitTests(RedisFixture redis) : QueueTests(redis)
{
    protected override string Config => """
        queue:
          tenants:
            "*": { maxRunning: 3 }
            free: {}
          repositories:
            "*": { maxRunning: 2 }
            https://h/alone.git: { maxRunning: 1 }
        """;

    [Fact]
    public async Task A_tenant_at_its_limit_waits_until_one_of_its_tasks_ends_and_others_go_on()
    {
        for (var i = 0; i < 5; i++)
        {
            await SubmitAsync(tenant: "a");
        }

        await SubmitAsync(tenant: "free");
        Assert.Equal(["a", "a", "a", "free"], (await ClaimedAsync(10, task => task.Tenant!)).Order());

        var running = await RunningAsync("a");
        await ChangeAsync(running[0], Some.Complete(Outcome.Succeeded));
        Assert.Equal(["a"], await ClaimedAsync(10, task => task.Tenant!));
        await ChangeAsync(running[1], new TaskCommand.Release(1, "r"));
        Assert.Equal(["a"], await ClaimedAsync(10, task => task.Tenant!));
    }

    [Theory]
    [InlineData("https://h/alone", "git@h:alone.git", 1)]
    [InlineData("ssh://git@h:2222/Alone.git", "https://h/alone/", 1)]
    [InlineData("https://h/other", "https://h/other.git", 2)]
    public async Task A_repository_at_its_limit_waits_however_it_is_written_and_others_go_on(string one, string other, int limit)
    {
        for (var i = 0; i < 3; i++)
        {
            await SubmitAsync(tenant: "free", repository: i % 2 == 0 ? one : other, priority: 5);
        }

        await SubmitAsync(tenant: "free", repository: "https://h/third");
        await SubmitAsync(tenant: "free");

        var claimed = await ClaimedAsync(10, task => task.Repository ?? "none");

        Assert.Equal(limit + 2, claimed.Count);
        Assert.Equal(["h/third", "none"], claimed.TakeLast(2));
    }

    [Fact]
    public async Task Instances_that_claim_at_once_do_not_pass_the_limit()
    {
        for (var i = 0; i < 40; i++)
        {
            await SubmitAsync(tenant: $"t{i % 4}");
        }

        var claimed = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => ClaimAllAsync()));

        Assert.Equal(12, claimed.Sum());

        // Each with a granter of its own: they meet in Redis alone.
        async Task<int> ClaimAllAsync()
        {
            using var another = Another();
            var count = 0;
            while (await another.GrantAsync(new() { Worker = "w", Agents = [AgentNames.Command], Capacity = 9, WaitSeconds = 0 }, Stop) is not null)
            {
                count++;
            }

            return count;
        }
    }

    private async Task<IReadOnlyList<Guid>> RunningAsync(string tenant)
    {
        var ids = (await Database.SortedSetRangeByRankAsync(TaskKeys.Status(TaskStatus.Running))).Select(id => Guid.Parse(id.ToString()));
        var tasks = await Task.WhenAll(ids.Select(Store.FindAsync));
        return [.. tasks.Where(task => task!.Tenant == tenant).Select(task => task!.Id)];
    }
}

public sealed class LimitsOnGarnet(GarnetFixture redis) : LimitTests(redis), IClassFixture<GarnetFixture>;

public sealed class LimitsOnRedis(RedisServerFixture redis) : LimitTests(redis), IClassFixture<RedisServerFixture>
{
    [Fact]
    public async Task A_thousand_tasks_of_a_repository_at_its_limit_are_passed_by_in_one_step()
    {
        for (var i = 0; i < 1000; i++)
        {
            await SubmitAsync(tenant: "free", repository: "https://h/alone", priority: 100);
        }

        var last = await SubmitAsync(tenant: "free");
        await ClaimAsync();
        var before = await CommandsAsync();

        Assert.Equal(last, (await ClaimAsync())!.TaskId);
        Assert.InRange(await CommandsAsync() - before, 1, 60);
    }

    // Garnet does not count them unless it is told to.
    private async Task<long> CommandsAsync()
    {
        var text = (await Database.ExecuteAsync("INFO", "stats")).ToString();
        var line = text.Split('\n').Single(line => line.StartsWith("total_commands_processed:", StringComparison.Ordinal));
        return long.Parse(line.AsSpan(line.IndexOf(':', StringComparison.Ordinal) + 1).Trim(), System.Globalization.CultureInfo.InvariantCulture);
    }
}
