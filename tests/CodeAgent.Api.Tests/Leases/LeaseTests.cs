using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Text;
using System.Text.Json;
using CodeAgent.Api.Tests.Running;
using CodeAgent.Contracts;
using CodeAgent.ServiceDefaults.Telemetry;
using CodeAgent.Testing.Redis;

namespace CodeAgent.Api.Tests.Leases;

public abstract class LeaseTests(IApiFixture fixture) : ApiTests(fixture)
{
    private static readonly Checkpoint TurnOne = new()
    {
        Turn = 1,
        State = JsonSerializer.SerializeToElement(new { said = "hello" }),
        BaseCommit = new('a', 40),
        MessagesSeen = 1,
        Usage = new() { InputTokens = 10, CostUsd = 0.25m },
    };

    [Fact]
    public async Task Higher_priorities_go_first_and_then_whoever_came_first()
    {
        var normal = await Api.SubmitAsync();
        var low = await Api.SubmitAsync(ApiClient.Script() with { Priority = -1 });
        var later = await Api.SubmitAsync();
        var high = await Api.SubmitAsync(ApiClient.Script() with { Priority = 100 });

        Guid[] expected = [high.Id, normal.Id, later.Id, low.Id];
        foreach (var id in expected)
        {
            Assert.Equal(id, (await Worker.ClaimAsync())!.TaskId);
        }
    }

    [Fact]
    public async Task A_task_that_no_worker_can_do_stands_in_nobodys_way()
    {
        for (var i = 0; i < 30; i++)
        {
            await Api.SubmitAsync(ApiClient.Script() with { Priority = 5, Agent = new() { Name = AgentNames.Builtin } });
        }

        var task = await Api.SubmitAsync();

        Assert.Equal(task.Id, (await Worker.ClaimAsync(agents: [AgentNames.Command]))!.TaskId);
        Assert.Null(await Worker.ClaimAsync(agents: [AgentNames.Command]));
        Assert.NotNull(await Worker.ClaimAsync(agents: [AgentNames.Builtin]));
    }

    [Fact]
    public async Task A_worker_that_waits_is_woken_by_the_next_task_it_can_do()
    {
        var waiting = Worker.ClaimAsync(waitSeconds: 30, agents: [AgentNames.Command]);
        await WorkerIsThereAsync("w1");
        await Api.SubmitAsync(ApiClient.Script() with { Agent = new() { Name = AgentNames.Builtin } });
        var task = await Api.SubmitAsync();

        Assert.Equal(task.Id, (await waiting.WaitAsync(TimeSpan.FromSeconds(4), Stop))!.TaskId);
    }

    [Fact]
    public async Task A_worker_that_left_while_it_waited_takes_no_task_with_it()
    {
        using var leaving = new CancellationTokenSource();
        using var gone = Server.Client(ApiServer.WorkerKey);
        var waiting = gone.Http.PostAsync("/v1/leases", Json("""{ "worker": "gone", "agents": ["command"], "capacity": 1, "waitSeconds": 60 }"""), leaving.Token);
        await WorkerIsThereAsync("gone");
        var other = Worker.ClaimAsync("stays", waitSeconds: 30);
        await WorkerIsThereAsync("stays");
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);

        var task = await Api.SubmitAsync();

        var lease = await other.WaitAsync(Limit, Stop);
        Assert.Equal((task.Id, 1), (lease!.TaskId, lease.Attempt));
    }

    [Fact]
    public async Task A_claim_is_part_of_the_trace_that_submitted_the_task()
    {
        var spans = new ConcurrentBag<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == CodeAgentTelemetry.Name,
            Sample = (ref _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = spans.Add,
        };
        ActivitySource.AddActivityListener(listener);
        var task = await Api.SubmitAsync();
        await Worker.ClaimAsync("w1");

        var claim = Assert.Single(spans, span => span.OperationName == "lease claim" && span.TraceId.ToHexString() == task.CorrelationId);
        Assert.Equal((task.Id, "w1"), (claim.GetTagItem(CodeAgentTelemetry.TaskIdTag), claim.GetTagItem("codeagent.worker")));
    }

    [Fact]
    public async Task Two_instances_and_twenty_workers_claim_each_of_200_tasks_once()
    {
        await using var second = StartAnother();
        var submitted = new ConcurrentBag<Guid>();
        var claimed = new ConcurrentBag<Guid>();
        var workers = Enumerable.Range(0, 20).Select(async i =>
        {
            using var worker = (i % 2 == 0 ? Server : second).Client(ApiServer.WorkerKey);
            while (await worker.ClaimAsync($"w{i}", waitSeconds: claimed.Count < 200 ? 2 : 0) is { } lease)
            {
                claimed.Add(lease.TaskId);
            }
        }).ToList();
        await Parallel.ForEachAsync(Enumerable.Range(0, 200), Stop, async (_, _) => submitted.Add((await Api.SubmitAsync()).Id));
        await Task.WhenAll(workers);

        Assert.Equal(submitted.Order(), claimed.Order());
    }

    [Fact]
    public async Task Writes_under_an_old_number_are_refused_at_every_door()
    {
        var task = await Api.SubmitAsync();
        var old = With((await Worker.ClaimAsync("first"))!);
        await old.ReportAsync(task.Id, 0, "early");
        using (var release = await old.PostAsync($"/v1/leases/{task.Id}/release", new() { Reason = "stop" }, ContractsJson.Default.ReleaseRequest))
        {
            await ApiClient.ExpectAsync(release, HttpStatusCode.NoContent);
        }

        await AssertLostEverywhereAsync(old, task.Id);
        var lease = await Worker.ClaimAsync("second");
        Assert.Equal((2L, 1), (lease!.Fence, lease.Attempt));
        await AssertLostEverywhereAsync(old, task.Id);
        await With(lease).CompleteAsync(task.Id);
        await AssertLostEverywhereAsync(old, task.Id);

        Assert.Equal(["early"], (await Api.EventsAsync(task.Id)).Items.Where(e => e.Type == EventTypes.Output).Select(e => e.Data.GetProperty("text").GetString()));
        Assert.Empty((await Api.GetAsync(task.Id)).Artifacts);
        Assert.Equal(TaskStatus.Succeeded, (await Api.GetAsync(task.Id)).Status);
    }

    [Fact]
    public async Task A_completion_that_is_sent_again_is_answered_as_before()
    {
        var task = await Api.SubmitAsync();
        var held = With((await Worker.ClaimAsync())!);
        await held.CompleteAsync(task.Id);
        await held.CompleteAsync(task.Id);

        using var other = await held.PostAsync($"/v1/leases/{task.Id}/complete",
            new() { Outcome = Outcome.Failed, Failure = new("x", "y") }, ContractsJson.Default.CompleteRequest);
        await ApiClient.ExpectProblemAsync(other, HttpStatusCode.Conflict, "lease-lost");
        Assert.Single((await Api.EventsAsync(task.Id)).Items, e => e.Type == EventTypes.TaskSucceeded);
    }

    [Fact]
    public async Task Only_the_token_of_the_task_opens_its_doors()
    {
        var mine = await Api.SubmitAsync();
        var other = await Api.SubmitAsync();
        var held = With((await Worker.ClaimAsync())!);
        await Worker.ClaimAsync();

        foreach (var client in (ApiClient[])[held, Api, Worker])
        {
            foreach (var (path, send) in Doors(client, other.Id))
            {
                using var answer = await send();
                Assert.True(answer.StatusCode == HttpStatusCode.Forbidden, $"{path}: {answer.StatusCode}");
            }
        }

        using var stranger = Server.Client($"cat_{mine.Id:N}.1.{new string('A', 43)}");
        using var refused = await stranger.PostAsync($"/v1/leases/{mine.Id}/release", new() { Reason = "x" }, ContractsJson.Default.ReleaseRequest);
        await ApiClient.ExpectProblemAsync(refused, HttpStatusCode.Unauthorized, "unauthorized");
        using var read = await held.Http.GetAsync($"/v1/tasks/{mine.Id}", Stop);
        await ApiClient.ExpectProblemAsync(read, HttpStatusCode.Forbidden, "forbidden");
    }

    [Fact]
    public async Task A_worker_goes_on_where_the_one_before_stopped()
    {
        var task = await Api.SubmitAsync(new() { Prompt = "x" });
        using (var said = await Api.PostAsync($"/v1/tasks/{task.Id}/messages", new() { Text = "And hurry." }, ContractsJson.Default.MessageRequest))
        {
            Assert.Equal(1, (await ApiClient.ReadAsync(said, HttpStatusCode.Accepted, ContractsJson.Default.FollowUp)).Number);
        }

        var first = With((await Worker.ClaimAsync("first"))!);
        await StoreAsync(first, task.Id, "checkpoint-1.patch", "the patch");
        using (var stored = await first.Http.PutAsync($"/v1/leases/{task.Id}/checkpoint", Json(TurnOne with { Patch = "checkpoint-1.patch" }), Stop))
        {
            await ApiClient.ExpectAsync(stored, HttpStatusCode.NoContent);
        }

        using (var behind = await first.Http.PutAsync($"/v1/leases/{task.Id}/checkpoint", Json(TurnOne with { Patch = "checkpoint-2.patch" }), Stop))
        {
            await ApiClient.ExpectProblemAsync(behind, HttpStatusCode.BadRequest, "invalid-field", "patch");
        }

        using (var release = await first.PostAsync($"/v1/leases/{task.Id}/release", new() { Reason = "stop" }, ContractsJson.Default.ReleaseRequest))
        {
            await ApiClient.ExpectAsync(release, HttpStatusCode.NoContent);
        }

        var lease = await Worker.ClaimAsync("second");

        Assert.Equal((1, "checkpoint-1.patch", 1), (lease!.Checkpoint?.Turn, lease.Checkpoint?.Patch, lease.Checkpoint?.MessagesSeen));
        Assert.Equal("hello", lease.Checkpoint?.State.GetProperty("said").GetString());
        Assert.Equal(TurnOne.Usage, lease.Usage);
        Assert.True(lease.SecondsUsed > 0);
        var view = await Api.GetAsync(task.Id);
        Assert.Equal((1, TurnOne.Usage, "second"), (view.Turns, view.Usage, view.Worker));
        Assert.Empty(view.Artifacts);
        Assert.Equal("And hurry.", (await With(lease).HeartbeatAsync(task.Id)).Messages.Single().Text);
    }

    [Fact]
    public async Task A_checkpoint_of_sixteen_megabytes_is_kept_and_a_longer_one_refused()
    {
        var task = await Api.SubmitAsync();
        var held = With((await Worker.ClaimAsync())!);
        using (var answer = await held.Http.PutAsync($"/v1/leases/{task.Id}/checkpoint", Json(TurnOne with { State = JsonSerializer.SerializeToElement(new string('x', 16 << 20)) }), Stop))
        {
            await ApiClient.ExpectAsync(answer, HttpStatusCode.NoContent);
        }

        using var longer = await held.Http.PutAsync($"/v1/leases/{task.Id}/checkpoint", Json(TurnOne with { State = JsonSerializer.SerializeToElement(new string('x', 18 << 20)) }), Stop);
        await ApiClient.ExpectProblemAsync(longer, HttpStatusCode.RequestEntityTooLarge, "content-too-large");
    }

    [Fact]
    public async Task A_heartbeat_brings_back_cancel_requests_and_messages_as_they_come()
    {
        var task = await Api.SubmitAsync(new() { Prompt = "x" });
        var held = With((await Worker.ClaimAsync())!);
        Assert.Empty((await held.HeartbeatAsync(task.Id)).Messages);

        var waiting = held.HeartbeatAsync(task.Id, waitSeconds: 30);
        await held.ReportAsync(task.Id, 0, "my own events are no news");
        using (var said = await Api.PostAsync($"/v1/tasks/{task.Id}/messages", new() { Text = "one" }, ContractsJson.Default.MessageRequest))
        {
            await ApiClient.ExpectAsync(said, HttpStatusCode.Accepted);
        }

        var news = await waiting.WaitAsync(TimeSpan.FromSeconds(4), Stop);
        Assert.Equal((false, "one"), (news.CancelRequested, news.Messages.Single().Text));

        waiting = held.HeartbeatAsync(task.Id, waitSeconds: 30, messagesSeen: 1);
        Assert.True((await Api.ChangeAsync(task.Id, "cancel")).CancelRequested);
        news = await waiting.WaitAsync(TimeSpan.FromSeconds(4), Stop);
        Assert.True(news.CancelRequested);
        Assert.Empty(news.Messages);

        await held.CompleteAsync(task.Id, new() { Outcome = Outcome.Canceled });
        Assert.Equal((TaskStatus.Canceled, false), ((await Api.GetAsync(task.Id)).Status, (await Api.GetAsync(task.Id)).CancelRequested));
    }

    [Fact]
    public async Task A_heartbeat_that_waits_hears_that_the_lease_is_over()
    {
        var task = await Api.SubmitAsync();
        var held = With((await Worker.ClaimAsync())!);
        var waiting = held.PostAsync($"/v1/leases/{task.Id}/heartbeat", new() { WaitSeconds = 30 }, ContractsJson.Default.HeartbeatRequest);
        await held.CompleteAsync(task.Id);

        using var answer = await waiting.WaitAsync(TimeSpan.FromSeconds(4), Stop);
        await ApiClient.ExpectProblemAsync(answer, HttpStatusCode.Conflict, "lease-lost");
    }

    [Theory]
    [InlineData("worker", """{ "worker": "", "agents": ["command"], "capacity": 1 }""")]
    [InlineData("agents", """{ "worker": "w", "agents": [], "capacity": 1 }""")]
    [InlineData("agents[0]", """{ "worker": "w", "agents": ["x y"], "capacity": 1 }""")]
    [InlineData("capacity", """{ "worker": "w", "agents": ["command"], "capacity": 0 }""")]
    [InlineData("running", """{ "worker": "w", "agents": ["command"], "capacity": 1, "running": -1 }""")]
    [InlineData("waitSeconds", """{ "worker": "w", "agents": ["command"], "capacity": 1, "waitSeconds": 61 }""")]
    public async Task A_claim_that_makes_no_sense(string field, string body)
    {
        using var answer = await Worker.PostTextAsync("/v1/leases", body);
        await ApiClient.ExpectProblemAsync(answer, HttpStatusCode.BadRequest, "invalid-field", field);
    }

    [Theory]
    [InlineData("heartbeat", "waitSeconds", """{ "waitSeconds": 31 }""")]
    [InlineData("events", "events", """{ "first": 0, "events": [] }""")]
    [InlineData("events", "first", """{ "first": -1, "events": [{ "at": "2026-01-01T00:00:00Z", "type": "output", "data": {} }] }""")]
    [InlineData("events", "events[0].type", """{ "first": 0, "events": [{ "at": "2026-01-01T00:00:00Z", "type": "task.succeeded", "data": {} }] }""")]
    [InlineData("events", "events[0].type", """{ "first": 0, "events": [{ "at": "2026-01-01T00:00:00Z", "type": "a\nb", "data": {} }] }""")]
    [InlineData("events", "events[0]", """{ "first": 0, "events": [null] }""")]
    [InlineData("events", "events[0].type", """{ "first": 0, "events": [{ "at": "2026-01-01T00:00:00Z", "data": {} }] }""")]
    [InlineData("complete", "failure", """{ "outcome": "failed" }""")]
    [InlineData("complete", "usage", """{ "outcome": "succeeded", "usage": { "costUsd": -1 } }""")]
    public async Task What_a_worker_must_not_send(string door, string field, string body)
    {
        var task = await Api.SubmitAsync();
        var held = With((await Worker.ClaimAsync())!);

        using var answer = await held.PostTextAsync($"/v1/leases/{task.Id}/{door}", body);

        await ApiClient.ExpectProblemAsync(answer, HttpStatusCode.BadRequest, "invalid-field", field);
        Assert.Equal((TaskStatus.Running, 2L), ((await Api.GetAsync(task.Id)).Status, (await Api.GetAsync(task.Id)).LastEvent));
    }

    private static async Task AssertLostEverywhereAsync(ApiClient old, Guid task)
    {
        foreach (var (_, send) in Doors(old, task))
        {
            using var answer = await send();
            await ApiClient.ExpectProblemAsync(answer, HttpStatusCode.Conflict, "lease-lost");
        }
    }

    private static Dictionary<string, Func<Task<HttpResponseMessage>>> Doors(ApiClient client, Guid task) => new()
    {
        ["heartbeat"] = () => client.PostAsync($"/v1/leases/{task}/heartbeat", new() { WaitSeconds = 1 }, ContractsJson.Default.HeartbeatRequest),
        ["events"] = () => client.PostAsync($"/v1/leases/{task}/events", ApiClient.Batch(0, "late"), ContractsJson.Default.EventBatch),
        ["checkpoint"] = () => client.Http.PutAsync($"/v1/leases/{task}/checkpoint", Json(TurnOne), Stop),
        ["artifacts"] = () => client.Http.PutAsync($"/v1/leases/{task}/artifacts/log", new StringContent("late"), Stop),
        ["complete"] = () => client.PostAsync($"/v1/leases/{task}/complete", new() { Outcome = Outcome.Succeeded }, ContractsJson.Default.CompleteRequest),
        ["release"] = () => client.PostAsync($"/v1/leases/{task}/release", new() { Reason = "late" }, ContractsJson.Default.ReleaseRequest),
    };

    private static async Task StoreAsync(ApiClient held, Guid task, string name, string content)
    {
        using var answer = await held.Http.PutAsync($"/v1/leases/{task}/artifacts/{name}", new StringContent(content), Stop);
        Assert.Equal(name, (await ApiClient.ReadAsync(answer, HttpStatusCode.OK, ContractsJson.Default.ArtifactView)).Name);
    }

    private static StringContent Json(Checkpoint checkpoint) => Json(JsonSerializer.Serialize(checkpoint, ContractsJson.Default.Checkpoint));

    private static StringContent Json(string text) => new(text, Encoding.UTF8, "application/json");
}

public sealed class LeasesOnGarnet(ApiOn<GarnetFixture> fixture) : LeaseTests(fixture), IClassFixture<ApiOn<GarnetFixture>>;

public sealed class LeasesOnRedis(ApiOn<RedisServerFixture> fixture) : LeaseTests(fixture), IClassFixture<ApiOn<RedisServerFixture>>;
