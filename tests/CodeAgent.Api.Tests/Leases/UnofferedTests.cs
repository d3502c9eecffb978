using CodeAgent.Api.Tests.Running;
using CodeAgent.Contracts;
using CodeAgent.Testing;
using CodeAgent.Testing.Redis;

namespace CodeAgent.Api.Tests.Leases;

/// <summary>Tasks for agents that no worker offers.</summary>
public abstract class UnofferedTests(IApiFixture fixture) : ApiTests(fixture)
{
    protected override IEnumerable<(string Name, string Value)> Settings => [("Leases:AgentPatience", "00:00:01")];

    [Fact]
    public async Task A_task_whose_agent_no_worker_offers_is_in_the_status_and_fails_after_a_while()
    {
        var task = await Api.SubmitAsync(For(AgentNames.Codex));
        await Worker.ClaimAsync();
        Assert.Equal(1, (await StatusAsync()).Unoffered[AgentNames.Codex]);

        var failed = await Eventually.GetAsync(async () => await Api.GetAsync(task.Id) is { FinishedAt: not null } final ? final : null, Limit, "the task is final");

        Assert.Equal((TaskStatus.Failed, FailureCodes.AgentUnavailable), (failed.Status, failed.Failure?.Code));
        Assert.Contains("offer builtin, command", failed.Failure!.Message, StringComparison.Ordinal);
        Assert.Single((await Api.EventsAsync(task.Id)).Items, e => e.Type == EventTypes.TaskFailed);
        Assert.Empty((await StatusAsync()).Unoffered);
    }

    [Fact]
    public async Task Without_any_worker_tasks_wait()
    {
        var task = await Api.SubmitAsync(For(AgentNames.Claude));
        var later = TimeProvider.System.GetUtcNow().AddSeconds(2.5);
        await Eventually.TrueAsync(() => Task.FromResult(TimeProvider.System.GetUtcNow() > later), Limit, "more than the patience has gone by");
        Assert.Equal(TaskStatus.Queued, (await Api.GetAsync(task.Id)).Status);
    }

    [Fact]
    public async Task A_task_whose_agent_is_offered_waits_for_it()
    {
        var task = await Api.SubmitAsync(For(AgentNames.Gemini));
        await Worker.ClaimAsync("busy", 0, AgentNames.Gemini);
        var second = await Api.SubmitAsync(For(AgentNames.Gemini));
        var later = TimeProvider.System.GetUtcNow().AddSeconds(2.5);
        await Eventually.TrueAsync(() => Task.FromResult(TimeProvider.System.GetUtcNow() > later), Limit, "more than the patience has gone by");
        Assert.Equal((TaskStatus.Running, TaskStatus.Queued), ((await Api.GetAsync(task.Id)).Status, (await Api.GetAsync(second.Id)).Status));
    }

    private static TaskRequest For(string agent) => new() { Prompt = "Do it", Agent = new() { Name = agent } };

    private async Task<SystemStatus> StatusAsync()
    {
        using var answer = await Api.Http.GetAsync("/v1/status", Stop);
        return await ApiClient.ReadAsync(answer, System.Net.HttpStatusCode.OK, ContractsJson.Default.SystemStatus);
    }
}

public sealed class UnofferedOnGarnet(ApiOn<GarnetFixture> fixture) : UnofferedTests(fixture), IClassFixture<ApiOn<GarnetFixture>>;

public sealed class UnofferedOnRedis(ApiOn<RedisServerFixture> fixture) : UnofferedTests(fixture), IClassFixture<ApiOn<RedisServerFixture>>;
