using System.Net;
using CodeAgent.Api.Artifacts;
using CodeAgent.Api.Queue;
using CodeAgent.Api.Tasks;
using CodeAgent.Contracts;
using CodeAgent.ServiceDefaults.Redis;
using CodeAgent.Testing;
using CodeAgent.Testing.Redis;
using Microsoft.Extensions.DependencyInjection;
using StackExchange.Redis;

namespace CodeAgent.Api.Tests.Running;

/// <summary>The record of one task cannot be read. All others go on.</summary>
public abstract class DamagedTests(IApiFixture fixture) : ApiTests(fixture)
{
    protected override IEnumerable<(string Name, string Value)> Settings =>
    [
        ("Leases:Ttl", "00:00:01"),
        ("Leases:SweepInterval", "00:00:00.05"),
        ("Leases:AgentPatience", "00:00:00.2"),
        ("Artifacts:LeftoverAge", "00:00:00.001"),
    ];

    private IDatabase Database => Redis.Client.GetDatabase();

    [Fact]
    public async Task The_status_is_told_though_the_oldest_task_cannot_be_read()
    {
        await DamageAsync((await Api.SubmitAsync()).Id);

        using var answer = await Api.Http.GetAsync("/v1/status", Stop);
        var status = await ApiClient.ReadAsync(answer, HttpStatusCode.OK, ContractsJson.Default.SystemStatus);
        Assert.Equal((1L, null), (status.Tasks["queued"], status.OldestQueuedId));
    }

    [Fact]
    public async Task Its_lease_is_set_aside_and_others_lapse()
    {
        var (broken, good) = (await Api.SubmitAsync(), await Api.SubmitAsync());
        Assert.NotNull(await Worker.ClaimAsync("one"));
        Assert.NotNull(await Worker.ClaimAsync("two"));
        await DamageAsync(broken.Id);

        await Eventually.TrueAsync(async () => (await Api.GetAsync(good.Id)).Status == TaskStatus.Queued, Limit, "the other lapses");
        await Eventually.TrueAsync(async () => await Database.SortedSetLengthAsync(TaskKeys.Leases) == 0, Limit, "nothing is left to be looked at");
        Assert.True(await Database.HashExistsAsync(QueueKeys.SetAside, broken.Id.ToString()));
    }

    [Fact]
    public async Task Its_files_are_left_alone_and_the_service_stays()
    {
        var task = await Api.SubmitAsync();
        var files = Server.Services.GetRequiredService<ArtifactStore>();
        using var content = new MemoryStream([1]);
        var stored = await files.SaveAsync(task.Id, "one", null, content, Stop);
        await DamageAsync(task.Id);
        File.SetLastWriteTimeUtc(files.PathOf(stored.Key), DateTime.UnixEpoch);

        Assert.Equal(0, await Server.Services.GetRequiredService<Leftovers>().DeleteOrphansAsync(Stop));
        Assert.True(File.Exists(files.PathOf(stored.Key)));
    }

    [Fact]
    public async Task Tasks_that_no_worker_can_do_fail_though_one_of_them_cannot_be_read()
    {
        var broken = await Api.SubmitAsync(new() { Prompt = "x", Agent = new() { Name = AgentNames.Cursor } });
        var good = await Api.SubmitAsync(new() { Prompt = "x", Agent = new() { Name = AgentNames.Cursor } });
        await DamageAsync(broken.Id);
        var waits = Worker.ClaimAsync("other", waitSeconds: 20);

        await Eventually.TrueAsync(async () => (await Api.GetAsync(good.Id)).Status == TaskStatus.Failed, Limit, "the other fails");
        await Api.SubmitAsync();
        Assert.NotNull(await waits);
    }

    private Task<bool> DamageAsync(Guid id) => Database.HashSetAsync(RedisKeys.Task(id), "state", "{ \"id\": 1 }");
}

public sealed class DamagedOnGarnet(ApiOn<GarnetFixture> fixture) : DamagedTests(fixture), IClassFixture<ApiOn<GarnetFixture>>;

public sealed class DamagedOnRedis(ApiOn<RedisServerFixture> fixture) : DamagedTests(fixture), IClassFixture<ApiOn<RedisServerFixture>>;
