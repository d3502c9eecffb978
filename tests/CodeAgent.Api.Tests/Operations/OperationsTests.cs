using System.Net;
using System.Text.Json;
using CodeAgent.Api.Operations;
using CodeAgent.Api.Tests.Running;
using CodeAgent.Contracts;
using CodeAgent.Testing;
using CodeAgent.Testing.Redis;
using Microsoft.Extensions.DependencyInjection;

namespace CodeAgent.Api.Tests.Operations;

public abstract class OperationsTests(IApiFixture fixture) : ApiTests(fixture)
{
    [Fact]
    public async Task A_stopped_system_gives_nothing_out_at_any_instance_and_takes_tasks_all_the_same()
    {
        await using var second = StartAnother();
        using var worker = second.Client(ApiServer.WorkerKey);
        var waiting = worker.ClaimAsync("waits", waitSeconds: 20);
        await WorkerIsThereAsync("waits");

        Assert.Equal(OperationsView.StateStopped, (await PostAsync("drain")).State);
        await Api.SubmitAsync();
        Assert.Null(await Worker.ClaimAsync());
        Assert.Null(await worker.ClaimAsync("other"));
        Assert.False(waiting.IsCompleted);
        var status = await StatusAsync();
        Assert.Equal((OperationsView.StateStopped, 1L, 1L), (status.State, status.Tasks["queued"], status.Operations!.Queued));
        Assert.NotNull(status.Operations.StoppedAt);

        Assert.Equal(OperationsView.StateRunning, (await PostAsync("resume")).State);
        Assert.NotNull(await waiting.WaitAsync(Limit, Stop));
        Assert.Equal(OperationsView.StateRunning, (await StatusAsync()).State);
    }

    [Fact]
    public async Task Workers_of_a_stopped_system_are_told_to_give_back_and_the_tasks_stay_in_the_queue()
    {
        await using var second = ApiServer.Start(Redis.ConnectionString, Folder, ("Operations:Grace", "00:00:00"));
        using var there = second.Client();
        var task = await Api.SubmitAsync();
        var lease = (await Worker.ClaimAsync())!;
        var held = With(lease);
        Assert.Equal(DrainOrder.None, (await held.HeartbeatAsync(task.Id)).Drain);

        var stopped = await PostAsync("drain");
        Assert.Equal((OperationsView.StateDraining, 1L), (stopped.State, stopped.Running));
        await HearsAsync(held, task.Id, DrainOrder.AfterTurn);
        await HearsAsync(Keep(there.With(lease)), task.Id, DrainOrder.Now);

        using var released = await held.PostAsync($"/v1/leases/{task.Id}/release", new() { Reason = "the operator wants it back" }, ContractsJson.Default.ReleaseRequest);
        await ApiClient.ExpectAsync(released, HttpStatusCode.NoContent);
        var status = await StatusAsync();
        Assert.Equal((OperationsView.StateStopped, 0L, 1L), (status.State, status.Operations!.Running, status.Operations.Queued));
        Assert.Null(await Worker.ClaimAsync());

        await PostAsync("resume");
        var next = (await Worker.ClaimAsync())!;
        Assert.Equal((task.Id, 1), (next.TaskId, next.Attempt));
        await HearsAsync(With(next), task.Id, DrainOrder.None);
    }

    [Fact]
    public async Task A_restart_is_pending_until_every_lease_from_before_it_is_over()
    {
        var task = await Api.SubmitAsync();
        var old = With((await Worker.ClaimAsync())!);
        await Api.SubmitAsync();

        var restarted = await PostAsync("restart");
        Assert.Equal((OperationsView.StateRunning, true, 1L), (restarted.State, restarted.RestartPending, restarted.Restarts));
        await HearsAsync(old, task.Id, DrainOrder.AfterTurn);
        var fresh = (await Worker.ClaimAsync("fresh"))!;
        await HearsAsync(With(fresh), fresh.TaskId, DrainOrder.None);
        Assert.True((await StatusAsync()).Operations!.RestartPending);

        using var released = await old.PostAsync($"/v1/leases/{task.Id}/release", new() { Reason = "x" }, ContractsJson.Default.ReleaseRequest);
        Assert.False((await StatusAsync()).Operations!.RestartPending);
        var again = (await Worker.ClaimAsync())!;
        Assert.Equal(task.Id, again.TaskId);
        await HearsAsync(With(again), task.Id, DrainOrder.None);
    }

    [Fact]
    public async Task A_restart_resumes_a_stopped_system()
    {
        await PostAsync("drain");
        await Api.SubmitAsync();
        Assert.Null(await Worker.ClaimAsync());

        Assert.Equal(OperationsView.StateRunning, (await PostAsync("restart")).State);
        Assert.NotNull(await Worker.ClaimAsync());
    }

    [Fact]
    public async Task Watchers_of_the_status_see_a_stop()
    {
        using var answer = await Api.Http.GetAsync("/v1/status/events", HttpCompletionOption.ResponseHeadersRead, Stop);
        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync(Stop));
        await PostAsync("drain");
        while ((await reader.ReadLineAsync(Stop).AsTask().WaitAsync(Limit, Stop))?.Contains("\"state\":\"stopped\"", StringComparison.Ordinal) != true)
        {
            // What was before.
        }

        await PostAsync("resume");
    }

    [Fact]
    public async Task A_system_is_started_by_its_first_instance_and_ended_by_its_last()
    {
        var redis = Redis.Client.GetDatabase();
        await redis.KeyDeleteAsync([OperationsKeys.State, OperationsKeys.Instances]);
        var first = StartAnother();
        var store = first.Services.GetRequiredService<OperationsStore>();
        await Eventually.TrueAsync(async () => (await store.ReadAsync()).StartedAt is not null, Limit, "it is started");

        // The class's own server says that it is there every few seconds: it does not count here.
        var started = (await store.ReadAsync()).StartedAt;
        Assert.True((await store.ViewAsync()).EndedCleanly);
        await using (var second = StartAnother())
        {
            await Eventually.TrueAsync(async () => await redis.SortedSetLengthAsync(OperationsKeys.Instances) >= 2, Limit, "there are two");
            Assert.Equal(started, (await store.ReadAsync()).StartedAt);
        }

        Assert.Equal(started, (await store.ReadAsync()).StartedAt);
        await first.DisposeAsync();
    }

    [Theory]
    [InlineData("/v1/operations/drain")]
    [InlineData("/v1/operations/resume")]
    [InlineData("/v1/operations/restart")]
    [InlineData("/stop")]
    [InlineData("/restart")]
    public async Task Only_a_key_with_the_scope_operate_may_do_that(string path)
    {
        using var made = await Api.PostTextAsync("/v1/keys", """{ "name": "r", "scopes": ["read", "submit"] }""");
        using var key = JsonDocument.Parse(await ApiClient.ExpectAsync(made, HttpStatusCode.Created));
        using var reader = Server.Client(key.RootElement.GetProperty("key").GetString());
        using var refused = await reader.PostAsync(path);
        await ApiClient.ExpectProblemAsync(refused, HttpStatusCode.Forbidden, "forbidden");
        using var nobody = Server.Client(null);
        using var unknown = await nobody.PostAsync(path);
        await ApiClient.ExpectProblemAsync(unknown, HttpStatusCode.Unauthorized, "unauthorized");
        Assert.Null((await StatusAsync()).Operations!.StoppedAt);
    }

    private static Task HearsAsync(ApiClient held, Guid task, DrainOrder order) =>
        Eventually.TrueAsync(async () => (await held.HeartbeatAsync(task)).Drain == order, Limit, $"the worker hears {order}");

    private async Task<OperationsView> PostAsync(string verb)
    {
        using var answer = await Api.PostAsync($"/v1/operations/{verb}");
        return await ApiClient.ReadAsync(answer, HttpStatusCode.OK, ContractsJson.Default.OperationsView);
    }

    private async Task<SystemStatus> StatusAsync()
    {
        using var answer = await Api.Http.GetAsync("/v1/status", Stop);
        return await ApiClient.ReadAsync(answer, HttpStatusCode.OK, ContractsJson.Default.SystemStatus);
    }
}

public sealed class OperationsOnGarnet(ApiOn<GarnetFixture> fixture) : OperationsTests(fixture), IClassFixture<ApiOn<GarnetFixture>>;

public sealed class OperationsOnRedis(ApiOn<RedisServerFixture> fixture) : OperationsTests(fixture), IClassFixture<ApiOn<RedisServerFixture>>;
