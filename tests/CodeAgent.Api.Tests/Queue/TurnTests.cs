using CodeAgent.Api.Leases;
using CodeAgent.Api.Operations;
using CodeAgent.Api.Queue;
using CodeAgent.Api.Tasks;
using CodeAgent.Api.Tests.Tasks;
using CodeAgent.Contracts;
using CodeAgent.ServiceDefaults.Redis;
using CodeAgent.Testing.Redis;

namespace CodeAgent.Api.Tests.Queue;

/// <summary>Whose turn it is.</summary>
public abstract class TurnTests(RedisFixture redis) : QueueTests(redis)
{
    protected override string Config => """
        queue:
          turnsBy: team
          tenants:
            big: { weight: 3 }
        """;

    [Fact]
    public async Task Tenants_take_turns_however_many_tasks_one_of_them_has()
    {
        await FillAsync(20, tenant: "flood", priority: 100);
        await FillAsync(3, tenant: "late");

        Assert.Equal(["flood", "late", "flood", "late", "flood", "late", "flood", "flood"], await ClaimedAsync(8, task => task.Tenant!));
    }

    [Fact]
    public async Task Tasks_of_no_tenant_have_their_turn_like_those_of_one()
    {
        await FillAsync(5, tenant: "a");
        await FillAsync(2);

        Assert.Equal(["a", "", "a", "", "a", "a"], await ClaimedAsync(6, task => task.Tenant ?? ""));
    }

    [Fact]
    public async Task Groups_of_a_tenant_take_turns_and_take_nothing_from_other_tenants()
    {
        await FillAsync(4, tenant: "a", group: "web");
        await FillAsync(4, tenant: "a", group: "app");
        await FillAsync(4, tenant: "b");

        Assert.Equal(["a web", "b ", "a app", "b ", "a web", "b ", "a app", "b "], await ClaimedAsync(8, task => $"{task.Tenant} {task.Group}"));
    }

    [Fact]
    public async Task Who_has_three_times_the_weight_gets_three_turns_for_one()
    {
        await FillAsync(40, tenant: "big");
        await FillAsync(40, tenant: "small");

        var claimed = await ClaimedAsync(40, task => task.Tenant!);

        Assert.InRange(claimed.Count(name => name == "big"), 29, 31);
        Assert.InRange(claimed.Take(8).Count(name => name == "big"), 5, 7);
    }

    [Fact]
    public async Task Who_sends_one_task_after_another_gets_no_more_than_its_turns()
    {
        await FillAsync(20, tenant: "b");
        var claimed = new List<string>();
        while (claimed.Count < 12)
        {
            await SubmitAsync(tenant: "a");
            claimed.AddRange(await ClaimedAsync(2, task => task.Tenant!));
        }

        Assert.InRange(claimed.Count(name => name == "b"), 5, 7);
    }

    [Fact]
    public async Task Agents_take_turns_on_a_worker_that_has_several()
    {
        await FillAsync(5, tenant: "a", agent: AgentNames.Builtin);
        await FillAsync(2, tenant: "b");

        Assert.Equal(["a", "b", "a", "b", "a"], await ClaimedAsync(5, task => task.Tenant!, AgentNames.Builtin, AgentNames.Command));
    }

    [Fact]
    public async Task Priority_counts_among_the_tasks_of_one_group_over_all_its_repositories()
    {
        await SubmitAsync(repository: "https://h/a", priority: 1);
        await SubmitAsync(repository: "https://h/b", priority: 3);
        await SubmitAsync(repository: "https://h/a", priority: 2);
        await SubmitAsync(priority: 4);
        await SubmitAsync(repository: "https://h/b", priority: -5);

        Assert.Equal(["4", "3", "2", "1", "-5"], await ClaimedAsync(5, task => $"{task.Priority}"));
    }

    [Fact]
    public async Task The_place_is_where_it_will_be_claimed()
    {
        await FillAsync(10, tenant: "a");
        await FillAsync(3, tenant: "b", group: "x");
        await FillAsync(3, tenant: "b", group: "y");
        var last = await SubmitAsync(tenant: "b", group: "y");
        var expected = await PlaceAsync(last);

        var order = await ClaimedAsync(17, task => $"{task.Id}");

        Assert.InRange(order.ToList().IndexOf($"{last}") + 1, expected!.Value - 1, expected.Value + 1);
        Assert.Null(await PlaceAsync(last));
    }

    [Fact]
    public async Task Nothing_is_left_of_a_queue_that_is_empty()
    {
        var canceled = await SubmitAsync(tenant: "a", group: "g", repository: "https://h/a");
        await SubmitAsync(tenant: "a", group: "g", repository: "https://h/b");
        await ChangeAsync(canceled, new TaskCommand.Cancel());
        var lease = await ClaimAsync();
        await ChangeAsync(lease!.TaskId, Some.Complete(Outcome.Succeeded));

        foreach (var key in QueuePlace.Of((await Store.FindAsync(lease.TaskId))!).Keys.Append(QueueKeys.Running))
        {
            Assert.False(await Database.KeyExistsAsync(key), key.ToString());
        }
    }

    [Fact]
    public async Task What_cannot_be_read_is_set_aside_and_what_is_gone_is_passed_by()
    {
        var broken = await SubmitAsync();
        var gone = await SubmitAsync();
        var good = await SubmitAsync();
        await Database.HashSetAsync(RedisKeys.Task(broken), "state", """{ "id": 1 }""");
        await Database.KeyDeleteAsync(RedisKeys.Task(gone));

        Assert.Equal(good, (await ClaimAsync())!.TaskId);
        Assert.Null(await ClaimAsync());
        Assert.Equal(broken.ToString(), Assert.Single(await Database.HashGetAllAsync(QueueKeys.SetAside)).Name);
        Assert.Equal(good, Assert.Single((await new TaskList(Database.Multiplexer).ReadAsync(new(null, []), null, null, 10)).Items).Id);
    }

    [Fact]
    public async Task What_belongs_to_a_lease_and_cannot_be_read_costs_no_attempt_and_is_set_aside()
    {
        var broken = await SubmitAsync();
        await Database.StringSetAsync(TaskKeys.Checkpoint(broken), "{");

        Assert.Null(await ClaimAsync());

        var task = (await Store.FindAsync(broken))!;
        Assert.Equal((TaskStatus.Queued, null, 0), (task.Status, task.Lease, task.Attempt));
        Assert.Equal(broken.ToString(), Assert.Single(await Database.HashGetAllAsync(QueueKeys.SetAside)).Name);
    }

    [Fact]
    public async Task Once_a_stop_is_answered_nothing_is_given_out_whoever_was_about_to()
    {
        await FillAsync(200);
        var operations = new OperationsStore(Database.Multiplexer, Loaded, TimeProvider.System);
        for (var round = 0; round < 20; round++)
        {
            await operations.ResumeAsync();
            List<LeaseGranter> granters = [.. Enumerable.Range(0, 4).Select(_ => Another())];
            var claims = granters.Select(granter => granter.GrantAsync(new() { Worker = "w", Capacity = 10, WaitSeconds = 0, Agents = [AgentNames.Command] }, Stop)).ToList();
            await operations.StopAsync("somebody");
            var running = (await operations.ViewAsync()).Running;
            await Task.WhenAll(claims);

            Assert.Equal(running, (await operations.ViewAsync()).Running);
            granters.ForEach(granter => granter.Dispose());
        }
    }

    private async Task FillAsync(int count, string? tenant = null, string? group = null, int priority = 0, string agent = AgentNames.Command)
    {
        for (var i = 0; i < count; i++)
        {
            await SubmitAsync(tenant, group, priority: priority, agent: agent);
        }
    }
}

public sealed class TurnsOnGarnet(GarnetFixture redis) : TurnTests(redis), IClassFixture<GarnetFixture>;

public sealed class TurnsOnRedis(RedisServerFixture redis) : TurnTests(redis), IClassFixture<RedisServerFixture>;
