using System.Net;
using System.Net.ServerSentEvents;
using System.Text;
using System.Text.Json;
using CodeAgent.Api.Status;
using CodeAgent.Api.Tests.Running;
using CodeAgent.Contracts;
using CodeAgent.Testing.Redis;
using Microsoft.Extensions.DependencyInjection;
using StackExchange.Redis;
using StackExchange.Redis.Profiling;

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

    [Fact]
    public async Task What_happens_is_counted_by_the_minute_whichever_instance_does_it()
    {
        await using var second = StartAnother();
        using var elsewhere = second.Client();
        using var worker = second.Client(ApiServer.WorkerKey);
        await Api.SubmitAsync();
        await elsewhere.SubmitAsync();
        await elsewhere.SubmitAsync();
        await Api.ChangeAsync((await Api.SubmitAsync()).Id, "cancel");
        await With((await Worker.ClaimAsync())!).CompleteAsync((await OnlyRunningAsync()).Id);
        var failing = (await worker.ClaimAsync())!;
        using var held = elsewhere.With(failing);
        await held.CompleteAsync(failing.TaskId, new() { Outcome = Outcome.Failed, Failure = new("x", "y") });

        var rates = (await StatusAsync()).Rates;

        // The minute may have turned meanwhile.
        Assert.Equal(5, rates.Count);
        Assert.All(rates.Zip(rates.Skip(1)), pair => Assert.Equal(TimeSpan.FromMinutes(1), pair.First.Minute - pair.Second.Minute));
        Assert.Equal((4, 2, 3, 1), (rates.Sum(rate => rate.Submitted), rates.Sum(rate => rate.Started), rates.Sum(rate => rate.Finished), rates.Sum(rate => rate.Failed)));
    }

    [Fact]
    public async Task The_queue_is_counted_by_agent()
    {
        var oldest = await Api.SubmitAsync();
        await Api.SubmitAsync();
        await Api.SubmitAsync(new() { Prompt = "x" });

        var status = await StatusAsync();

        Assert.Equal([(AgentNames.Builtin, 1L), (AgentNames.Command, 2L)], status.Queue.Select(pair => (pair.Key, pair.Value)).Order());
        Assert.Equal(oldest.Id, status.OldestQueuedId);
    }

    [Fact]
    public async Task Five_thousand_watchers_cost_Redis_about_what_one_does()
    {
        var feed = Server.Services.GetRequiredService<StatusFeeds>().Of(null);
        var alone = await CommandsAsync(1);
        var crowd = await CommandsAsync(5_000);

        // A reader each would need fifteen commands and more for each of the 5,000.
        Assert.InRange(alone, 1, 500);
        Assert.InRange(crowd, 1, 2_500);

        async Task<int> CommandsAsync(int watchers)
        {
            var (redis, counted) = (Server.Services.GetRequiredService<IConnectionMultiplexer>(), new ProfilingSession());
            redis.RegisterProfiler(() => counted);
            using var leaving = CancellationTokenSource.CreateLinkedTokenSource(Stop);
            var queued = (await StatusAsync()).Tasks["queued"] + 1;
            var saw = Enumerable.Range(0, watchers).Select(_ => SawAsync(leaving.Token)).ToList();
            await Api.SubmitAsync();
            await Task.WhenAll(saw).WaitAsync(Limit, Stop);
            redis.RegisterProfiler(() => null);
            return counted.FinishProfiling().Count();

            async Task SawAsync(CancellationToken stop)
            {
                await foreach (var frame in feed.WatchAsync(stop))
                {
                    if (frame is [var bytes] && Encoding.UTF8.GetString(bytes).Contains($"\"queued\":{queued},", StringComparison.Ordinal))
                    {
                        return;
                    }
                }
            }
        }
    }

    private async Task<TaskView> OnlyRunningAsync() => Assert.Single((await Api.ListAsync("?status=running")).Items);

    private async Task<SystemStatus> StatusAsync()
    {
        using var answer = await Api.Http.GetAsync("/v1/status", Stop);
        return await ApiClient.ReadAsync(answer, HttpStatusCode.OK, ContractsJson.Default.SystemStatus);
    }
}

public sealed class StatusOnGarnet(ApiOn<GarnetFixture> fixture) : StatusTests(fixture), IClassFixture<ApiOn<GarnetFixture>>;

public sealed class StatusOnRedis(ApiOn<RedisServerFixture> fixture) : StatusTests(fixture), IClassFixture<ApiOn<RedisServerFixture>>;
