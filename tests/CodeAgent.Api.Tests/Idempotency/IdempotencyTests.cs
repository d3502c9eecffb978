using System.Net;
using System.Text;
using CodeAgent.Api.Keys;
using CodeAgent.Api.Tasks;
using CodeAgent.Api.Tests.Running;
using CodeAgent.Contracts;
using CodeAgent.ServiceDefaults.Identity;
using CodeAgent.ServiceDefaults.Redis;
using CodeAgent.Testing;
using CodeAgent.Testing.Redis;
using StackExchange.Redis;

namespace CodeAgent.Api.Tests.Idempotency;

public sealed class IdempotencyOnGarnet(ApiOn<GarnetFixture> fixture) : IdempotencyTests(fixture), IClassFixture<ApiOn<GarnetFixture>>;

public sealed class IdempotencyOnRedis(ApiOn<RedisServerFixture> fixture) : IdempotencyTests(fixture), IClassFixture<ApiOn<RedisServerFixture>>;

public abstract class IdempotencyTests(IApiFixture fixture) : ApiTests(fixture)
{
    private const string Task = """{ "prompt": "true", "agent": { "name": "command" } }""";
    private const string Asking = """{ "prompt": "Do it." }""";
    private const string Records = RedisKeys.Prefix + "idempotency:";

    private IDatabase Database => Redis.Client.GetDatabase();

    [Fact]
    public async Task A_repetition_gets_the_answer_that_was_given()
    {
        using var first = await PostAsync("/v1/tasks", Task, "k");
        using var second = await PostAsync("/v1/tasks", Task, "\"k\"");

        Assert.Equal(HttpStatusCode.Created, first.StatusCode);
        Assert.False(first.Headers.Contains("Idempotent-Replayed"));
        Assert.Equal("true", second.Headers.GetValues("Idempotent-Replayed").Single());
        Assert.Equal((first.StatusCode, first.Headers.Location, first.Content.Headers.ContentType), (second.StatusCode, second.Headers.Location, second.Content.Headers.ContentType));
        Assert.Equal(await first.Content.ReadAsByteArrayAsync(Stop), await second.Content.ReadAsByteArrayAsync(Stop));
        Assert.Single((await Api.ListAsync()).Items);
        Assert.InRange((await Database.KeyTimeToLiveAsync((await RecordsAsync()).Single()))!.Value, TimeSpan.FromHours(23), TimeSpan.FromHours(24));
    }

    [Fact]
    public async Task Of_many_at_once_at_two_instances_one_makes_the_task()
    {
        await using var other = StartAnother();
        using var there = other.Client();
        for (var round = 0; round < 5; round++)
        {
            var key = $"round {round}";
            var answers = await System.Threading.Tasks.Task.WhenAll(Enumerable.Range(0, 50).Select(i => PostAsync("/v1/tasks", Task, $"\"{key}\"", i % 2 == 0 ? Api : there)));
            var made = new HashSet<Uri>();
            foreach (var answer in answers.Where(answer => answer.StatusCode != HttpStatusCode.Conflict))
            {
                Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
                made.Add(answer.Headers.Location!);
            }

            foreach (var answer in answers.Where(answer => answer.StatusCode == HttpStatusCode.Conflict))
            {
                await ApiClient.ExpectProblemAsync(answer, HttpStatusCode.Conflict, "idempotency-key-in-flight", "Idempotency-Key");
                Assert.Equal(TimeSpan.FromSeconds(1), answer.Headers.RetryAfter?.Delta);
            }

            Assert.Single(made);
            Assert.Equal(round + 1, (await Api.ListAsync()).Items.Count);
            Array.ForEach(answers, answer => answer.Dispose());
        }
    }

    [Fact]
    public async Task A_key_stands_for_one_request_of_one_caller()
    {
        using var first = await PostAsync("/v1/tasks", Task, "k");
        using var other = await PostAsync("/v1/tasks", Asking, "k");
        await ApiClient.ExpectProblemAsync(other, HttpStatusCode.UnprocessableEntity, "idempotency-key-reused", "Idempotency-Key");

        using var stranger = await StrangerAsync();
        using var theirs = await PostAsync("/v1/tasks", Task, "k", stranger);
        Assert.Equal(HttpStatusCode.Created, theirs.StatusCode);
        Assert.NotEqual(first.Headers.Location, theirs.Headers.Location);

        // At another address it is another key, unless only the task differs: that is a mistake.
        var (a, b) = (await Api.SubmitAsync(), await Api.SubmitAsync());
        using var canceled = await PostAsync($"/v1/tasks/{a.Id}/cancel", "", "k");
        Assert.Equal(HttpStatusCode.OK, canceled.StatusCode);
        using var mistaken = await PostAsync($"/v1/tasks/{b.Id}/cancel", "", "k");
        await ApiClient.ExpectProblemAsync(mistaken, HttpStatusCode.UnprocessableEntity, "idempotency-key-reused", "Idempotency-Key");
        Assert.Equal(TaskStatus.Queued, (await Api.GetAsync(b.Id)).Status);
    }

    [Fact]
    public async Task An_Api_that_died_after_the_change_blocks_the_key_for_a_while_and_made_one_task()
    {
        using var first = await PostAsync("/v1/tasks", Task, "k");
        await ForgetAnswersAsync();
        await Database.StringSetAsync((await RecordsAsync()).Single().Append(":owner"), "dead", TimeSpan.FromSeconds(2));

        using (var early = await PostAsync("/v1/tasks", Task, "k"))
        {
            await ApiClient.ExpectProblemAsync(early, HttpStatusCode.Conflict, "idempotency-key-in-flight", "Idempotency-Key");
        }

        var second = await Eventually.GetAsync(async () => await PostAsync("/v1/tasks", Task, "k") is { StatusCode: HttpStatusCode.Created } answer ? answer : null, Limit, "the key is free");
        Assert.Equal(first.Headers.Location, second.Headers.Location);
        Assert.Single((await Api.ListAsync()).Items);
    }

    [Fact]
    public async Task An_Api_that_died_before_the_change_is_as_if_it_had_not_begun()
    {
        using var first = await PostAsync("/v1/tasks", Task, "k");
        await ForgetAnswersAsync();
        var made = await ApiClient.ReadAsync(first, HttpStatusCode.Created, ContractsJson.Default.TaskView);
        await Database.KeyDeleteAsync([RedisKeys.Task(made.Id), TaskKeys.Events(made.Id), TaskKeys.All()]);

        using var second = await PostAsync("/v1/tasks", Task, "k");

        Assert.Equal(first.Headers.Location, second.Headers.Location);
        Assert.Equal(TaskStatus.Queued, (await Api.GetAsync(made.Id)).Status);
    }

    [Fact]
    public async Task A_message_is_said_once_whether_or_not_its_answer_was_recorded()
    {
        var task = await Api.SubmitAsync(new() { Prompt = "Do it." });
        var path = $"/v1/tasks/{task.Id}/messages";
        using var first = await PostAsync(path, """{ "text": "And this." }""", "k");
        await ForgetAnswersAsync();
        using var second = await PostAsync(path, """{ "text": "And this." }""", "k");
        using var third = await PostAsync(path, """{ "text": "And this." }""", "k");

        foreach (var answer in (HttpResponseMessage[])[first, second, third])
        {
            Assert.Equal(new FollowUp(1, "And this."), await ApiClient.ReadAsync(answer, HttpStatusCode.Accepted, ContractsJson.Default.FollowUp));
        }

        Assert.Equal(2, (await Api.EventsAsync(task.Id)).Items.Count);
    }

    [Fact]
    public async Task A_retry_begins_one_run_whatever_has_happened_since()
    {
        var task = await Api.SubmitAsync();
        await Api.ChangeAsync(task.Id, "cancel");
        using var first = await PostAsync($"/v1/tasks/{task.Id}/retry", "", "k");
        await ForgetAnswersAsync();
        await Api.ChangeAsync(task.Id, "cancel");

        using var second = await PostAsync($"/v1/tasks/{task.Id}/retry", "", "k");

        Assert.Equal(TaskStatus.Queued, (await ApiClient.ReadAsync(first, HttpStatusCode.OK, ContractsJson.Default.TaskView)).Status);
        Assert.Equal(TaskStatus.Canceled, (await ApiClient.ReadAsync(second, HttpStatusCode.OK, ContractsJson.Default.TaskView)).Status);
        using var anew = await PostAsync($"/v1/tasks/{task.Id}/retry", "", "another");
        Assert.Equal(TaskStatus.Queued, (await ApiClient.ReadAsync(anew, HttpStatusCode.OK, ContractsJson.Default.TaskView)).Status);
    }

    [Theory]
    [InlineData("/v1/operations/drain")]
    [InlineData("/stop")]
    public async Task A_late_repetition_does_not_stop_again_what_was_resumed_since(string path)
    {
        using var first = await PostAsync(path, "", "k");
        Assert.NotNull((await OperationsAsync()).StoppedAt);
        await ForgetAnswersAsync();
        using var resumed = await PostAsync("/v1/operations/resume", "", "k");

        using var second = await PostAsync(path, "", "k");
        using var third = await PostAsync(path, "", "k");

        Assert.All([first, resumed, second, third], answer => Assert.Equal(HttpStatusCode.OK, answer.StatusCode));
        Assert.Equal("true", third.Headers.GetValues("Idempotent-Replayed").Single());
        Assert.Null((await OperationsAsync()).StoppedAt);
    }

    [Theory]
    [InlineData("/v1/operations/restart")]
    [InlineData("/restart")]
    public async Task A_restart_is_done_once(string path)
    {
        using var first = await PostAsync(path, "", "k");
        await ForgetAnswersAsync();
        using var second = await PostAsync(path, "", "k");

        Assert.All([first, second], answer => Assert.Equal(HttpStatusCode.OK, answer.StatusCode));
        Assert.Equal(1, (await OperationsAsync()).Restarts);
    }

    [Fact]
    public async Task A_refusal_for_what_the_task_is_like_stays_one()
    {
        var task = await Api.SubmitAsync();
        using (var early = await PostAsync($"/v1/tasks/{task.Id}/retry", "", "k"))
        {
            await ApiClient.ExpectProblemAsync(early, HttpStatusCode.Conflict, "task-not-retriable");
        }

        await Api.ChangeAsync(task.Id, "cancel");
        using var late = await PostAsync($"/v1/tasks/{task.Id}/retry", "", "k");

        await ApiClient.ExpectProblemAsync(late, HttpStatusCode.Conflict, "task-not-retriable");
        Assert.Equal("true", late.Headers.GetValues("Idempotent-Replayed").Single());
        Assert.Equal(TaskStatus.Canceled, (await Api.GetAsync(task.Id)).Status);
    }

    [Fact]
    public async Task A_request_that_is_wrong_in_itself_can_be_corrected_under_its_key()
    {
        using (var wrong = await PostAsync("/v1/tasks", """{ "prompt": "" }""", "k"))
        {
            await ApiClient.ExpectProblemAsync(wrong, HttpStatusCode.BadRequest, "invalid-field", "prompt");
        }

        using var right = await PostAsync("/v1/tasks", Task, "k");
        Assert.Equal(HttpStatusCode.Created, right.StatusCode);
    }

    [Fact]
    public async Task A_body_that_is_too_long_is_not_read()
    {
        using var answer = await PostAsync("/v1/tasks", new string(' ', 3 * 1024 * 1024), "k");

        await ApiClient.ExpectProblemAsync(answer, HttpStatusCode.RequestEntityTooLarge, "content-too-large");
        Assert.Empty(await RecordsAsync());
    }

    [Fact]
    public async Task A_malformed_key_changes_nothing()
    {
        using var answer = await PostAsync("/v1/tasks", Task, "a, b");

        await ApiClient.ExpectProblemAsync(answer, HttpStatusCode.BadRequest, "invalid-idempotency-key", "Idempotency-Key");
        Assert.Empty((await Api.ListAsync()).Items);
    }

    [Fact]
    public async Task Without_the_header_nothing_is_recorded()
    {
        await Api.SubmitAsync();

        Assert.Empty(await RecordsAsync());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_key_is_made_and_shown_once_and_its_answer_is_kept_nowhere(bool apiDied)
    {
        const string Wanted = """{ "name": "ci", "scopes": ["read"] }""";
        using var first = await PostAsync("/v1/keys", Wanted, "k");
        var made = await ApiClient.ReadAsync(first, HttpStatusCode.Created, KeysJson.Default.NewKeyView);
        if (apiDied)
        {
            await ForgetAnswersAsync();
        }

        using var second = await PostAsync("/v1/keys", Wanted, "k");

        var problem = await ApiClient.ExpectProblemAsync(second, HttpStatusCode.Conflict, "key-made-already");
        Assert.Contains($"DELETE /v1/keys/{made.Id}", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.Equal([made.Id], (await new KeyStore(Redis.Client).ListAsync(null, 10)).Keys.Select(key => key.Id));
        foreach (var record in await RecordsAsync())
        {
            Assert.DoesNotContain(made.Key, string.Join(' ', await Database.HashGetAllAsync(record)), StringComparison.Ordinal);
        }
    }

    private async Task<HttpResponseMessage> PostAsync(string path, string json, string key, ApiClient? client = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = json.Length == 0 ? null : new StringContent(json, Encoding.UTF8, "application/json") };
        request.Headers.TryAddWithoutValidation("Idempotency-Key", key);
        return await (client ?? Api).Http.SendAsync(request, Stop);
    }

    private async Task<OperationsView> OperationsAsync()
    {
        using var answer = await Api.Http.GetAsync("/v1/status", Stop);
        return (await ApiClient.ReadAsync(answer, HttpStatusCode.OK, ContractsJson.Default.SystemStatus)).Operations!;
    }

    // As if the Api had been killed after it had made the change.
    private async Task ForgetAnswersAsync()
    {
        foreach (var record in await RecordsAsync())
        {
            Assert.Equal(2, await Database.HashDeleteAsync(record, ["answer", "body"]));
        }
    }

    private async Task<IReadOnlyList<RedisKey>> RecordsAsync() =>
        await Redis.Client.GetServers().Single().KeysAsync(pattern: Records + "*").ToListAsync(Stop);

    private async Task<ApiClient> StrangerAsync()
    {
        var secret = Secret.NewKey();
        Assert.True(await new KeyStore(Redis.Client).AddAsync(new("other", "other", [Scopes.Submit], default), secret));
        return Keep(Server.Client(secret));
    }
}
