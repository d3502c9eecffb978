using System.Net;
using CodeAgent.Api.Tests.Running;
using CodeAgent.Contracts;
using CodeAgent.Testing;
using CodeAgent.Testing.Redis;

namespace CodeAgent.Api.Tests.Leases;

/// <summary>Leases that nobody extends, with times short enough to wait for.</summary>
public abstract class LapseTests(IApiFixture fixture) : ApiTests(fixture)
{
    protected override IEnumerable<(string Name, string Value)> Settings =>
    [
        ("Leases:Ttl", "00:00:00.5"),
        ("Leases:SweepInterval", "00:00:00.05"),
        ("Leases:MaxAttempts", "2"),
    ];

    [Fact]
    public async Task A_worker_that_is_not_heard_of_loses_its_task_to_another()
    {
        var task = await Api.SubmitAsync();
        var lost = With((await Worker.ClaimAsync("lost"))!);
        await lost.ReportAsync(task.Id, 0, "one", "two");

        var lease = await Worker.ClaimAsync("next", waitSeconds: 10);

        Assert.Equal((task.Id, 2L, 2), (lease!.TaskId, lease.Fence, lease.Attempt));
        using var late = await lost.PostAsync($"/v1/leases/{task.Id}/events", ApiClient.Batch(2, "late"), ContractsJson.Default.EventBatch);
        await ApiClient.ExpectProblemAsync(late, HttpStatusCode.Conflict, "lease-lost");
        var requeued = (await Api.EventsAsync(task.Id)).Items.Single(e => e.Type == EventTypes.TaskRequeued);
        Assert.Equal(("lost", "lease_lapsed", 1), (requeued.Data.GetProperty("worker").GetString(), requeued.Data.GetProperty("reason").GetString(), requeued.Attempt));
    }

    [Fact]
    public async Task A_worker_that_is_heard_of_keeps_its_task()
    {
        var task = await Api.SubmitAsync();
        var held = With((await Worker.ClaimAsync())!);

        // Each waits half of the lease's time.
        for (var i = 0; i < 8; i++)
        {
            Assert.InRange((await held.HeartbeatAsync(task.Id, waitSeconds: 5)).LeaseSeconds, 0, 0.5);
        }

        Assert.Equal((TaskStatus.Running, 1), ((await Api.GetAsync(task.Id)).Status, (await Api.GetAsync(task.Id)).Attempt));
    }

    [Fact]
    public async Task After_the_last_attempt_the_task_fails()
    {
        var task = await Api.SubmitAsync();
        await Worker.ClaimAsync();
        Assert.Equal(2, (await Worker.ClaimAsync(waitSeconds: 10))!.Attempt);

        var failed = await FinalAsync(task.Id);

        Assert.Equal((TaskStatus.Failed, FailureCodes.AttemptsExhausted), (failed.Status, failed.Failure?.Code));
        Assert.Equal(task.Id, Assert.Single(await ListAsync("?failure=attempts_exhausted")).Id);
        Assert.Empty(await ListAsync("?failure=no_answer"));
    }

    [Fact]
    public async Task A_cancel_is_carried_out_even_if_its_worker_is_lost()
    {
        var task = await Api.SubmitAsync();
        await Worker.ClaimAsync();
        await Api.ChangeAsync(task.Id, "cancel");

        Assert.Equal(TaskStatus.Canceled, (await FinalAsync(task.Id)).Status);
        Assert.Single((await Api.EventsAsync(task.Id)).Items, e => e.Type == EventTypes.TaskCanceled);
    }

    private async Task<IReadOnlyList<TaskView>> ListAsync(string query)
    {
        using var answer = await Api.Http.GetAsync($"/v1/tasks{query}", Stop);
        return (await ApiClient.ReadAsync(answer, HttpStatusCode.OK, ContractsJson.Default.PageTaskView)).Items;
    }

    private Task<TaskView> FinalAsync(Guid id) => Eventually.GetAsync(
        async () => await Api.GetAsync(id) is { FinishedAt: not null } task ? task : null, Limit, "the task is final");
}

public sealed class LapsesOnGarnet(ApiOn<GarnetFixture> fixture) : LapseTests(fixture), IClassFixture<ApiOn<GarnetFixture>>;

public sealed class LapsesOnRedis(ApiOn<RedisServerFixture> fixture) : LapseTests(fixture), IClassFixture<ApiOn<RedisServerFixture>>;
