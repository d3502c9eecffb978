using System.Net;
using System.Text.Json;
using CodeAgent.Api.Tests.Running;
using CodeAgent.Contracts;
using CodeAgent.Testing.Redis;

namespace CodeAgent.Api.Tests.Tasks;

public abstract class TaskTests(IApiFixture fixture) : ApiTests(fixture)
{
    [Fact]
    public async Task A_task_is_created_with_its_defaults_and_found_where_the_answer_says()
    {
        using var answer = await Api.PostTextAsync("/v1/tasks", """{ "prompt": "Fix it.", "labels": { "team": "a" } }""");
        var created = await ApiClient.ReadAsync(answer, HttpStatusCode.Created, ContractsJson.Default.TaskView);

        Assert.Equal($"/v1/tasks/{created.Id}", answer.Headers.Location?.OriginalString);
        Assert.Equal(answer.Headers.GetValues("X-Correlation-Id").Single(), created.CorrelationId);
        Assert.Equal(7, created.Id.Version);
        Assert.Equal((TaskStatus.Queued, 0, 3, 1L), (created.Status, created.Attempt, created.MaxAttempts, created.LastEvent));
        Assert.Equal((30, "builtin", "codeagent/{id}"), (created.Request.Limits.Minutes, created.Request.Agent.Name, created.Request.Delivery.Branch));
        Assert.Equal(
            JsonSerializer.Serialize(created with { Queue = new() { Place = 1 } }, ContractsJson.Default.TaskView),
            JsonSerializer.Serialize(await Api.GetAsync(created.Id), ContractsJson.Default.TaskView));
    }

    [Fact]
    public async Task A_caller_with_a_trace_of_its_own_goes_on_in_it()
    {
        Api.Http.DefaultRequestHeaders.Add("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
        var task = await Api.SubmitAsync();

        Assert.Equal("0af7651916cd43dd8448eb211c80319c", task.CorrelationId);
        Assert.StartsWith("00-0af7651916cd43dd8448eb211c80319c-", (await Worker.ClaimAsync())!.TraceParent, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Lists_are_paged_and_the_newest_come_first()
    {
        var ids = new List<Guid>();
        for (var i = 0; i < 60; i++)
        {
            ids.Add((await Api.SubmitAsync()).Id);
        }

        var listed = new List<Guid>();
        var (pages, query) = (0, "?limit=25");
        for (string? next = ""; next is not null; pages++)
        {
            var page = await Api.ListAsync(query);
            listed.AddRange(page.Items.Select(task => task.Id));
            next = page.Next;
            query = $"?limit=25&cursor={next}";
        }

        Assert.Equal(3, pages);
        Assert.Equal(ids.OrderByDescending(id => id.ToString(), StringComparer.Ordinal), listed);
        Assert.Equal(50, (await Api.ListAsync()).Items.Count);
        Assert.Null((await Api.ListAsync("?limit=60")).Next);
    }

    [Fact]
    public async Task Lists_show_what_was_looked_for()
    {
        var plain = await Api.SubmitAsync();
        var labelled = await Api.SubmitAsync(ApiClient.Script() with { Labels = new Dictionary<string, string> { ["team"] = "a:b", ["kind"] = "x" } });
        var canceled = await Api.SubmitAsync(ApiClient.Script() with { Labels = new Dictionary<string, string> { ["team"] = "a:b" } });
        await Api.ChangeAsync(canceled.Id, "cancel");

        Assert.Equal([labelled.Id, plain.Id], await FoundAsync("?status=queued"));
        Assert.Equal([canceled.Id], await FoundAsync("?status=canceled"));
        Assert.Equal([canceled.Id, labelled.Id], await FoundAsync("?label=team:a%3Ab"));
        Assert.Equal([labelled.Id], await FoundAsync("?label=team:a%3Ab&label=kind:x"));
        Assert.Equal([labelled.Id], await FoundAsync("?label=team:a%3Ab&status=queued"));
        Assert.Empty(await FoundAsync("?label=team:other"));
        Assert.Empty(await FoundAsync("?status=awaiting_input"));

        async Task<IEnumerable<Guid>> FoundAsync(string query) => (await Api.ListAsync(query)).Items.Select(task => task.Id);
    }

    [Fact]
    public async Task A_page_of_long_prompts_ends_early_and_the_next_goes_on()
    {
        for (var i = 0; i < 12; i++)
        {
            await Api.SubmitAsync(ApiClient.Script(new string('x', 900_000)));
        }

        var first = await Api.ListAsync();
        var second = await Api.ListAsync($"?cursor={first.Next}");

        Assert.InRange(first.Items.Count, 8, 10);
        Assert.Equal(12, first.Items.Concat(second.Items).DistinctBy(task => task.Id).Count());
        Assert.Null(second.Next);
    }

    [Theory]
    [InlineData("?limit=0", "limit")]
    [InlineData("?limit=201", "limit")]
    [InlineData("?limit=x", "limit")]
    [InlineData("?status=done", "status")]
    [InlineData("?label=team", "label")]
    [InlineData("?cursor=x", "cursor")]
    public async Task A_list_that_cannot_be_had(string query, string field)
    {
        using var answer = await Api.Http.GetAsync($"/v1/tasks{query}", Stop);
        await ApiClient.ExpectProblemAsync(answer, HttpStatusCode.BadRequest, "invalid-field", field);
    }

    [Fact]
    public async Task A_query_parameter_that_nobody_knows_is_refused_by_name()
    {
        using var listed = await Api.Http.GetAsync("/v1/tasks?state=queued", Stop);
        await ApiClient.ExpectProblemAsync(listed, HttpStatusCode.BadRequest, "unknown-parameter", "state");
        using var created = await Api.PostTextAsync("/v1/tasks?dry=1", """{ "prompt": "x" }""");
        await ApiClient.ExpectProblemAsync(created, HttpStatusCode.BadRequest, "unknown-parameter", "dry");
        Assert.Empty((await Api.ListAsync()).Items);
    }

    [Theory]
    [InlineData("", "invalid-json", null)]
    [InlineData("null", "invalid-json", null)]
    [InlineData("{", "invalid-json", null)]
    [InlineData("""{ "prompt": "x", "promt": "y" }""", "unknown-field", "promt")]
    [InlineData("""{ "agent": {} }""", "missing-field", "prompt")]
    [InlineData("""{ "prompt": "x", "repository": {} }""", "missing-field", "repository.url")]
    [InlineData("""{ "prompt": "x", "limits": { "minutes": "1" } }""", "invalid-field", "limits.minutes")]
    [InlineData("""{ "prompt": "x", "priority": 101 }""", "invalid-field", "priority")]
    public async Task A_task_that_is_refused_leaves_nothing(string body, string type, string? field)
    {
        using var answer = await Api.PostTextAsync("/v1/tasks", body);

        await ApiClient.ExpectProblemAsync(answer, HttpStatusCode.BadRequest, type, field);
        Assert.Empty((await Api.ListAsync()).Items);
        Assert.Null(await Worker.ClaimAsync());
    }

    [Fact]
    public async Task A_task_that_nobody_knows()
    {
        foreach (var id in (string[])["00000000-0000-7000-8000-000000000000", "no-id"])
        {
            using var got = await Api.Http.GetAsync($"/v1/tasks/{id}", Stop);
            await ApiClient.ExpectProblemAsync(got, HttpStatusCode.NotFound, id == "no-id" ? "not-found" : "task-not-found");
            using var canceled = await Api.PostAsync($"/v1/tasks/{id}/cancel");
            Assert.Equal(HttpStatusCode.NotFound, canceled.StatusCode);
            using var watched = await Api.Http.GetAsync($"/v1/tasks/{id}/events", Stop);
            Assert.Equal((HttpStatusCode.NotFound, "application/problem+json"), (watched.StatusCode, watched.Content.Headers.ContentType?.MediaType));
        }
    }

    [Fact]
    public async Task A_waiting_task_is_canceled_at_once_and_once()
    {
        var task = await Api.SubmitAsync();

        var canceled = await Api.ChangeAsync(task.Id, "cancel");
        var again = await Api.ChangeAsync(task.Id, "cancel");

        Assert.Equal((TaskStatus.Canceled, false), (canceled.Status, canceled.CancelRequested));
        Assert.Equal((canceled.FinishedAt, canceled.LastEvent), (again.FinishedAt, again.LastEvent));
        Assert.Null(await Worker.ClaimAsync());
        using var answer = await Api.PostAsync($"/v1/tasks/{task.Id}/messages", new() { Text = "hello" }, ContractsJson.Default.MessageRequest);
        await ApiClient.ExpectProblemAsync(answer, HttpStatusCode.Conflict, "task-final");
    }

    [Fact]
    public async Task A_failed_task_is_tried_again_from_nothing()
    {
        var task = await Api.SubmitAsync();
        using (var early = await Api.PostAsync($"/v1/tasks/{task.Id}/retry"))
        {
            await ApiClient.ExpectProblemAsync(early, HttpStatusCode.Conflict, "task-not-retriable");
        }

        var lease = await Worker.ClaimAsync();
        await With(lease!).CompleteAsync(task.Id, new() { Outcome = Outcome.Failed, Failure = new(FailureCodes.CheckFailed, "exit 1"), Turns = 3 });
        var failed = await Api.GetAsync(task.Id);
        Assert.Equal((TaskStatus.Failed, FailureCodes.CheckFailed), (failed.Status, failed.Failure?.Code));
        using (var cancel = await Api.PostAsync($"/v1/tasks/{task.Id}/cancel"))
        {
            await ApiClient.ExpectProblemAsync(cancel, HttpStatusCode.Conflict, "task-final");
        }

        var queued = await Api.ChangeAsync(task.Id, "retry");
        var second = await Worker.ClaimAsync();

        Assert.Equal((TaskStatus.Queued, 0, 0), (queued.Status, queued.Attempt, queued.Turns));
        Assert.Equal((task.Id, 2, 1, 2L), (second!.TaskId, second.Run, second.Attempt, second.Fence));
    }

    [Fact]
    public async Task Only_keys_that_may_do_it_may()
    {
        var task = await Api.SubmitAsync();
        using var nobody = Server.Client(null);
        using var stranger = Server.Client("ca_wrong");
        foreach (var client in (ApiClient[])[nobody, stranger])
        {
            using var list = await client.Http.GetAsync("/v1/tasks", Stop);
            await ApiClient.ExpectProblemAsync(list, HttpStatusCode.Unauthorized, "unauthorized");
            using var create = await client.PostTextAsync("/v1/tasks", """{ "prompt": "x" }""");
            await ApiClient.ExpectProblemAsync(create, HttpStatusCode.Unauthorized, "unauthorized");
        }

        foreach (var path in (string[])["/v1/tasks", $"/v1/tasks/{task.Id}", $"/v1/tasks/{task.Id}/events", "/v1/status", "/v1/status/events"])
        {
            using var answer = await Worker.Http.GetAsync(path, Stop);
            await ApiClient.ExpectProblemAsync(answer, HttpStatusCode.Forbidden, "forbidden");
        }

        using var cancel = await Worker.PostAsync($"/v1/tasks/{task.Id}/cancel");
        await ApiClient.ExpectProblemAsync(cancel, HttpStatusCode.Forbidden, "forbidden");
        using var claim = await Api.PostTextAsync("/v1/leases", """{ "worker": "w", "agents": ["command"], "capacity": 1 }""");
        await ApiClient.ExpectProblemAsync(claim, HttpStatusCode.Forbidden, "forbidden");
    }
}

public sealed class TasksOnGarnet(ApiOn<GarnetFixture> fixture) : TaskTests(fixture), IClassFixture<ApiOn<GarnetFixture>>;

public sealed class TasksOnRedis(ApiOn<RedisServerFixture> fixture) : TaskTests(fixture), IClassFixture<ApiOn<RedisServerFixture>>;
