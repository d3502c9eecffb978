using System.Net;
using System.Text;
using System.Text.Json;
using CodeAgent.Contracts;
using CodeAgent.SystemTests.Running;
using TaskStatus = CodeAgent.Contracts.TaskStatus;

namespace CodeAgent.SystemTests.Tasks;

/// <summary>What is wrong is said, and nothing is left half-done.</summary>
[Collection(nameof(SharedSystem))]
public sealed class BadInputTests(SystemFixture fixture)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    [Theory]
    [InlineData("""{ "prompt": "x", "promt": "y" }""", "unknown-field", "promt")]
    [InlineData("""{ "prompt": "x", "limits": { "turn": 1 } }""", "unknown-field", "limits.turn")]
    [InlineData("""{ "agent": { "name": "command" } }""", "missing-field", "prompt")]
    [InlineData("""{ "prompt": "" }""", "invalid-field", "prompt")]
    [InlineData("""{ "prompt": 7 }""", "invalid-field", "prompt")]
    [InlineData("""{ "prompt": "x", "repository": { "url": "https://user:hunter2@example.com/r.git" } }""", "invalid-field", "repository.url")]
    [InlineData("""{ "prompt": "x", "repository": { "url": "file:///etc" } }""", "invalid-field", "repository.url")]
    [InlineData("""{ "prompt": "x", "limits": { "minutes": 0 } }""", "invalid-field", "limits.minutes")]
    [InlineData("""{ "prompt": "x", "agent": null }""", "invalid-field", "agent")]
    [InlineData("""{ "prompt": "x", "checks": null }""", "invalid-field", "checks")]
    [InlineData("""{ "prompt": "x", "delivery": null }""", "invalid-field", "delivery")]
    [InlineData("""{ "prompt": "x", "limits": null }""", "invalid-field", "limits")]
    [InlineData("""{ "prompt": "x", "labels": null }""", "invalid-field", "labels")]
    [InlineData("""{ "prompt": """, "invalid-json", null)]
    public async Task A_request_that_does_not_fit(string body, string type, string? field)
    {
        var before = await CountAsync();
        using var answer = await PostAsync(new StringContent(body, Encoding.UTF8, "application/json"));

        var problem = await ProblemAsync(answer, HttpStatusCode.BadRequest, type);
        Assert.Equal(field, problem.TryGetProperty("field", out var f) ? f.GetString() : null);
        Assert.DoesNotContain("hunter2", problem.GetRawText(), StringComparison.Ordinal);
        Assert.Equal(before, await CountAsync());
    }

    [Fact]
    public async Task A_body_of_100_megabytes()
    {
        var before = await CountAsync();
        using var content = new StringContent($$"""{ "prompt": "{{new string('x', 100_000_000)}}" }""", Encoding.UTF8, "application/json");
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/tasks") { Content = content };
        request.Headers.ExpectContinue = true;
        using var answer = await fixture.System.Api.Http.SendAsync(request, TestContext.Current.CancellationToken);

        await ProblemAsync(answer, HttpStatusCode.RequestEntityTooLarge, "content-too-large");
        Assert.Equal(before, await CountAsync());
    }

    [Fact]
    public async Task A_wrong_key()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/v1/tasks");
        request.Headers.Authorization = new("Bearer", "ca_wrong");
        using var answer = await fixture.System.Api.Http.SendAsync(request, TestContext.Current.CancellationToken);

        await ProblemAsync(answer, HttpStatusCode.Unauthorized, "unauthorized");
    }

    [Theory]
    [InlineData("00000000-0000-7000-8000-000000000000")]
    [InlineData("no-id")]
    public async Task An_event_stream_for_no_task(string id)
    {
        using var answer = await fixture.System.Api.Http.GetAsync($"/v1/tasks/{id}/events", TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
    }

    [Fact]
    public Task A_repository_that_is_not_there() => AssertFailsAsync(
        Command("true") with { Repository = new() { Url = new Uri(Path.Combine(Path.GetTempPath(), "no-such-repository.git")).AbsoluteUri } },
        FailureCodes.RepositoryUnavailable, "no-such-repository");

    [Fact]
    public Task A_ref_that_is_not_there() => AssertFailsAsync(
        Command("true") with { Repository = new() { Url = new Uri(Repository.Root).AbsoluteUri, Ref = "no-such-branch" } },
        FailureCodes.RefNotFound, "no-such-branch");

    [Fact]
    public Task A_check_that_fails() => AssertFailsAsync(
        Command("echo work > file.txt") with { Checks = ["test -f file.txt", "echo broken; exit 3"] },
        FailureCodes.CheckFailed, "exit 3");

    [Fact]
    public Task A_script_that_fails() => AssertFailsAsync(Command("echo oh no; exit 5"), FailureCodes.AgentFailed, "5");

    [Fact]
    public Task A_model_that_is_not_configured() => AssertFailsAsync(
        new() { Prompt = "Do it.", Agent = new() { Model = "no-such-model" } },
        FailureCodes.ModelNotFound, "no-such-model");

    [Fact]
    public Task An_agent_that_never_ends_stops_at_its_limit() => AssertFailsAsync(
        Simulated.Task(Enumerable.Range(0, 20).Select(i => Simulated.Call("run", new { command = $"echo {i}" }))) with { Limits = new() { Turns = 3 } },
        FailureCodes.LimitReached, "turns");

    private static TaskRequest Command(string script) => new() { Prompt = script, Agent = new() { Name = AgentNames.Command } };

    private async Task AssertFailsAsync(TaskRequest request, string code, string inMessage)
    {
        var (id, _) = await fixture.System.Api.SubmitAsync(request);
        var task = await fixture.System.Api.FinalAsync(id, Limit);

        Assert.Equal((TaskStatus.Failed, code), (task.Status, task.Failure?.Code));
        Assert.Contains(inMessage, task.Failure!.Message, StringComparison.Ordinal);
        Assert.Null(task.Delivery);
        Assert.Null(task.Worker);
        var events = await fixture.System.Api.EventsAsync(id);
        Assert.Equal(EventTypes.TaskFailed, events[^1].Type);
        Assert.NotEmpty(await fixture.System.Api.ArtifactAsync(id, "log"));
    }

    private Task<HttpResponseMessage> PostAsync(HttpContent content) =>
        fixture.System.Api.Http.PostAsync("/v1/tasks", content, TestContext.Current.CancellationToken);

    private static async Task<JsonElement> ProblemAsync(HttpResponseMessage answer, HttpStatusCode status, string type)
    {
        var body = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(answer.StatusCode == status, $"{(int)answer.StatusCode}: {body}");
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
        var problem = JsonDocument.Parse(body).RootElement;
        Assert.Equal($"urn:codeagent:problem:{type}", problem.GetProperty("type").GetString());
        Assert.Equal(answer.Headers.GetValues("X-Correlation-Id").Single(), problem.GetProperty("correlationId").GetString());
        return problem;
    }

    // How many tasks there are: a refused request must not add one.
    private async Task<long> CountAsync()
    {
        using var json = JsonDocument.Parse(await fixture.System.Api.Http.GetStringAsync("/v1/status", TestContext.Current.CancellationToken));
        return json.RootElement.GetProperty("tasks").EnumerateObject().Sum(state => state.Value.GetInt64());
    }
}
