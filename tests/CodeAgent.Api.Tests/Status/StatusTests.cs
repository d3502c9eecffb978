using System.Net;
using System.Net.ServerSentEvents;
using System.Text.Json;
using CodeAgent.Api.Tests.Running;
using CodeAgent.Contracts;
using CodeAgent.Testing.Redis;

namespace CodeAgent.Api.Tests.Status;

public abstract class StatusTests(IApiFixture fixture) : ApiTests(fixture)
{
    [Fact]
    public async Task The_status_of_a_system_without_anything()
    {
        var status = await StatusAsync();

        Assert.Equal(["awaiting_input", "canceled", "failed", "queued", "running", "succeeded"], status.Tasks.Keys.Order());
        Assert.All(status.Tasks.Values, count => Assert.Equal(0, count));
        Assert.Null(status.OldestQueuedAt);
        Assert.Empty(status.Workers);
    }

    [Fact]
    public async Task The_status_counts_tasks_and_knows_the_workers()
    {
        await Api.SubmitAsync();
        var oldest = await Api.SubmitAsync(ApiClient.Script() with { Priority = -1 });
        await Api.SubmitAsync(ApiClient.Script() with { Priority = -1 });
        await Api.ChangeAsync((await Api.SubmitAsync()).Id, "cancel");
        await Worker.ClaimAsync("w1");

        var status = await StatusAsync();

        Assert.Equal((2L, 1L, 1L), (status.Tasks["queued"], status.Tasks["running"], status.Tasks["canceled"]));
        Assert.Equal(oldest.CreatedAt, status.OldestQueuedAt);
        var worker = Assert.Single(status.Workers);
        Assert.Equal(("w1", 4, 1), (worker.Name, worker.Capacity, worker.Running));
        Assert.Equal(["command", "builtin"], worker.Agents);
        Assert.InRange(worker.LastSeenAt, status.At - TimeSpan.FromSeconds(10), status.At);
    }

    [Fact]
    public async Task Whoever_watches_the_status_sees_it_at_once_and_when_it_differs()
    {
        using var answer = await Api.Http.GetAsync("/v1/status/events", HttpCompletionOption.ResponseHeadersRead, Stop);
        await using var stream = await answer.Content.ReadAsStreamAsync(Stop);
        await using var events = SseParser.Create(stream).EnumerateAsync(Stop).GetAsyncEnumerator(Stop);

        Assert.Equal(0, (await NextAsync()).Tasks["queued"]);
        await Api.SubmitAsync();
        Assert.Equal(1, (await NextAsync()).Tasks["queued"]);

        async Task<SystemStatus> NextAsync()
        {
            Assert.True(await events.MoveNextAsync().AsTask().WaitAsync(Limit, Stop));
            Assert.Equal("status", events.Current.EventType);
            return JsonSerializer.Deserialize(events.Current.Data, ContractsJson.Default.SystemStatus)!;
        }
    }

    private async Task<SystemStatus> StatusAsync()
    {
        using var answer = await Api.Http.GetAsync("/v1/status", Stop);
        return await ApiClient.ReadAsync(answer, HttpStatusCode.OK, ContractsJson.Default.SystemStatus);
    }
}

public sealed class StatusOnGarnet(ApiOn<GarnetFixture> fixture) : StatusTests(fixture), IClassFixture<ApiOn<GarnetFixture>>;

public sealed class StatusOnRedis(ApiOn<RedisServerFixture> fixture) : StatusTests(fixture), IClassFixture<ApiOn<RedisServerFixture>>;
