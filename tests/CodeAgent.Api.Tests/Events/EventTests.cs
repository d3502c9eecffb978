using System.Globalization;
using System.Net;
using CodeAgent.Api.Tasks;
using CodeAgent.Api.Tests.Running;
using CodeAgent.Contracts;
using CodeAgent.Testing;
using CodeAgent.Testing.Redis;

namespace CodeAgent.Api.Tests.Events;

public abstract class EventTests(IApiFixture fixture) : ApiTests(fixture)
{
    protected override IEnumerable<(string Name, string Value)> Settings => [("Events:Heartbeat", "00:00:00.3")];

    [Fact]
    public async Task A_watcher_that_takes_only_events_is_told_all_the_same_that_there_is_no_such_task()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/v1/tasks/{Guid.CreateVersion7()}/events");
        request.Headers.Accept.Add(new("text/event-stream"));
        using var answer = await Api.Http.SendAsync(request, Stop);

        await ApiClient.ExpectProblemAsync(answer, HttpStatusCode.NotFound, "task-not-found");
    }

    [Fact]
    public async Task A_batch_that_is_sent_again_is_stored_once()
    {
        var (task, held) = await RunningAsync();
        await held.ReportAsync(task, 0, "0", "1");
        await held.ReportAsync(task, 0, "0", "1");
        await held.ReportAsync(task, 1, "1", "2");
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => held.ReportAsync(task, 3, "3")));

        Assert.Equal(["0", "1", "2", "3"], Outputs((await Api.EventsAsync(task)).Items));
        using var gap = await held.PostAsync($"/v1/leases/{task}/events", ApiClient.Batch(9, "9"), ContractsJson.Default.EventBatch);
        await ApiClient.ExpectProblemAsync(gap, HttpStatusCode.Conflict, "event-gap", "first");
    }

    [Fact]
    public async Task A_client_that_is_cut_and_comes_back_sees_every_event_once_and_in_order()
    {
        await using var second = StartAnother();
        using var elsewhere = second.Client();
        var (task, held) = await RunningAsync();
        var reporting = Task.Run(async () =>
        {
            for (var i = 0; i < 400; i += 4)
            {
                await held.ReportAsync(task, i, $"{i}", $"{i + 1}", $"{i + 2}", $"{i + 3}");
            }

            await held.CompleteAsync(task);
        }, Stop);

        var seen = new List<TaskEvent>();
        for (var cuts = 0; seen.LastOrDefault()?.Type != EventTypes.TaskSucceeded; cuts++)
        {
            var enough = 1 + (cuts * 7 % 40);
            await foreach (var e in (cuts % 2 == 0 ? Api : elsewhere).WatchAsync(task, seen.Count))
            {
                seen.Add(e);
                if (--enough == 0)
                {
                    break;
                }
            }
        }

        await reporting;
        Assert.Equal(Enumerable.Range(1, 403).Select(number => (long)number), seen.Select(e => e.Number));
        Assert.Equal(Enumerable.Range(0, 400).Select(i => $"{i}"), Outputs(seen));
    }

    [Fact]
    public async Task Many_watchers_see_the_same_even_if_the_subscription_breaks()
    {
        var (task, held) = await RunningAsync();
        var watchers = Enumerable.Range(0, 20).Select(_ => Api.WatchAsync(task).ToListAsync(Stop).AsTask()).ToList();
        for (var i = 0; i < 200; i += 10)
        {
            await held.ReportAsync(task, i, [.. Enumerable.Range(i, 10).Select(n => $"{n}")]);
            if (i == 100)
            {
                await Redis.Client.GetDatabase().ExecuteAsync("CLIENT", "KILL", "TYPE", "pubsub");
            }
        }

        await held.CompleteAsync(task);
        foreach (var watcher in watchers)
        {
            var seen = await watcher.WaitAsync(Limit, Stop);
            Assert.Equal(Enumerable.Range(1, 203).Select(number => (long)number), seen.Select(e => e.Number));
        }
    }

    [Fact]
    public async Task A_stream_begins_at_once_says_that_it_is_alive_and_ends_with_the_task()
    {
        var (task, held) = await RunningAsync();
        using var answer = await Api.Http.GetAsync($"/v1/tasks/{task}/events?after=2", HttpCompletionOption.ResponseHeadersRead, Stop);
        Assert.Equal("text/event-stream", answer.Content.Headers.ContentType?.MediaType);
        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync(Stop));
        Assert.InRange(int.Parse((await reader.ReadLineAsync(Stop))!["retry: ".Length..], CultureInfo.InvariantCulture), 2_000, 4_000);
        Assert.Equal(["", ":", ""], await LinesAsync(reader, 3));

        await held.CompleteAsync(task);

        var rest = (await reader.ReadToEndAsync(Stop)).Split('\n').SkipWhile(line => line is ":" or "").ToList();
        Assert.Equal(["id: 3", "event: task.succeeded"], rest.Take(2));
        Assert.StartsWith("data: {\"number\":3,", rest[2], StringComparison.Ordinal);
        Assert.Equal(["", ""], rest.Skip(3));
    }

    [Fact]
    public async Task A_browser_that_comes_back_after_the_end_is_told_to_stay_away()
    {
        var (task, held) = await RunningAsync();
        await held.CompleteAsync(task);

        using var request = new HttpRequestMessage(HttpMethod.Get, $"/v1/tasks/{task}/events");
        request.Headers.Add("Last-Event-ID", "3");
        using var answer = await Api.Http.SendAsync(request, Stop);
        Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode);
        Assert.Equal(3, await Api.WatchAsync(task).CountAsync(Stop));
    }

    [Fact]
    public async Task The_stream_of_a_task_that_is_tried_again_goes_on_over_its_first_end()
    {
        var (task, held) = await RunningAsync();
        await held.CompleteAsync(task, new() { Outcome = Outcome.Failed, Failure = new("x", "y") });
        await Api.ChangeAsync(task, "retry");
        var watching = Api.WatchAsync(task).ToListAsync(Stop);
        await With((await Worker.ClaimAsync())!).CompleteAsync(task);

        Assert.Equal(
            ["task.queued", "task.claimed", "task.failed", "task.requeued", "task.claimed", "task.succeeded"],
            (await watching).Select(e => e.Type));
    }

    [Fact]
    public async Task Events_are_paged_too()
    {
        var (task, held) = await RunningAsync();
        await held.ReportAsync(task, 0, [.. Enumerable.Range(0, 250).Select(i => $"{i}")]);

        var first = await Api.EventsAsync(task);
        var second = await Api.EventsAsync(task, $"?after={first.Next}&limit=152");
        var none = await Api.EventsAsync(task, "?after=252");

        Assert.Equal((100, "100"), (first.Items.Count, first.Next));
        Assert.Equal((152, null, 252L), (second.Items.Count, second.Next, second.Items[^1].Number));
        Assert.Empty(none.Items);
    }

    [Theory]
    [InlineData("?after=-1", null, "after")]
    [InlineData("?after=x", null, "after")]
    [InlineData("?limit=0", null, "limit")]
    [InlineData("?limit=x", null, "limit")]
    [InlineData("", "x", "Last-Event-ID")]
    public async Task A_stream_that_cannot_be_had(string query, string? lastEventId, string field)
    {
        var task = await Api.SubmitAsync();
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/v1/tasks/{task.Id}/events{query}");
        request.Headers.TryAddWithoutValidation("Last-Event-ID", lastEventId);
        using var answer = await Api.Http.SendAsync(request, Stop);
        await ApiClient.ExpectProblemAsync(answer, HttpStatusCode.BadRequest, "invalid-field", field);
    }

    [Fact]
    public async Task A_server_that_stops_ends_its_streams_at_once()
    {
        var task = await Api.SubmitAsync();
        var second = StartAnother();
        using var client = second.Client();
        await using var watching = client.WatchAsync(task.Id).GetAsyncEnumerator(Stop);
        Assert.True(await watching.MoveNextAsync());
        using var worker = second.Client(ApiServer.WorkerKey);
        var waiting = worker.ClaimAsync("waits", waitSeconds: 30, agents: [AgentNames.Builtin]);
        await WorkerIsThereAsync("waits");
        var held = Keep(client.With((await Worker.ClaimAsync())!));
        Assert.True(await watching.MoveNextAsync());
        var lapsesAt = await LapsesAtAsync();
        var beating = held.HeartbeatAsync(task.Id, waitSeconds: 30);
        await Eventually.TrueAsync(async () => await LapsesAtAsync() > lapsesAt, Limit, "the heartbeat came in");

        await second.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(3), Stop);

        Assert.False(await watching.MoveNextAsync());
        Assert.Null(await waiting);
        Assert.False((await beating).CancelRequested);

        async Task<double?> LapsesAtAsync() => await Redis.Client.GetDatabase().SortedSetScoreAsync(TaskKeys.Leases, task.Id.ToString());
    }

    private async Task<(Guid Task, ApiClient Held)> RunningAsync()
    {
        var task = await Api.SubmitAsync();
        return (task.Id, With((await Worker.ClaimAsync())!));
    }

    private static async Task<List<string?>> LinesAsync(StreamReader reader, int count)
    {
        var lines = new List<string?>();
        for (var i = 0; i < count; i++)
        {
            lines.Add(await reader.ReadLineAsync(Stop));
        }

        return lines;
    }

    private static IEnumerable<string?> Outputs(IEnumerable<TaskEvent> events) =>
        events.Where(e => e.Type == EventTypes.Output).Select(e => e.Data.GetProperty("text").GetString());
}

public sealed class EventsOnGarnet(ApiOn<GarnetFixture> fixture) : EventTests(fixture), IClassFixture<ApiOn<GarnetFixture>>;

public sealed class EventsOnRedis(ApiOn<RedisServerFixture> fixture) : EventTests(fixture), IClassFixture<ApiOn<RedisServerFixture>>;
