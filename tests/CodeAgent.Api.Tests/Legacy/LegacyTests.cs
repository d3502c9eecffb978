using System.Net;
using System.Text.Json;
using CodeAgent.Api.Tests.Running;
using CodeAgent.Contracts;
using CodeAgent.Testing.Redis;

namespace CodeAgent.Api.Tests.Legacy;

/// <summary>What programs that asked the old server rely on, field by field.</summary>
public abstract class LegacyTests(IApiFixture fixture) : ApiTests(fixture)
{
    [Fact]
    public async Task The_server_at_a_glance()
    {
        var running = await ASystemAtWorkAsync();
        var index = await GetAsync("/");

        Assert.Equal(
            ["status", "port", "session_id", "iteration", "statistics", "project_dir", "cursor_cli_available", "auto_todo_enabled"], Names(index));
        Assert.Equal("running", index.GetProperty("status").GetString());
        Assert.Equal(Server.Address.Port, index.GetProperty("port").GetInt32());
        Assert.Matches(@"^\d{8}_\d{6}$", index.GetProperty("session_id").GetString());
        Assert.Equal(3, index.GetProperty("iteration").GetInt64());
        Assert.Equal(Folder, index.GetProperty("project_dir").GetString());
        Assert.False(index.GetProperty("cursor_cli_available").GetBoolean());
        Assert.False(index.GetProperty("auto_todo_enabled").GetBoolean());
        Assert.Equal(
            """{"total_tasks":5,"completed":1,"failed":1,"in_progress":1,"pending":1}""", index.GetProperty("statistics").GetRawText());
        Assert.NotEqual(Guid.Empty, running);
    }

    [Fact]
    public async Task The_server_its_tasks_and_the_one_that_runs()
    {
        var running = await ASystemAtWorkAsync();
        var status = await GetAsync("/status");

        Assert.Equal(["server", "server_state", "tasks", "current_task"], Names(status));
        var server = status.GetProperty("server");
        Assert.Equal(["status", "running", "port", "project_dir", "cursor_cli_available", "auto_todo_enabled"], Names(server));
        Assert.Equal(("running", true, Server.Address.Port), (server.GetProperty("status").GetString(), server.GetProperty("running").GetBoolean(), server.GetProperty("port").GetInt32()));
        var state = status.GetProperty("server_state");
        Assert.Equal(
            ["clean_shutdown", "last_start_time", "last_stop_time", "session_id", "iteration_count", "current_activity", "restart_count", "pending_restart"], Names(state));
        Assert.Equal((3, "running 1 task", 0, false), (state.GetProperty("iteration_count").GetInt32(), state.GetProperty("current_activity").GetString(),
            state.GetProperty("restart_count").GetInt32(), state.GetProperty("pending_restart").GetBoolean()));
        Assert.InRange(state.GetProperty("last_start_time").GetDateTimeOffset(), TimeProvider.System.GetUtcNow().AddHours(-1), TimeProvider.System.GetUtcNow());
        Assert.Equal(
            """{"in_progress":1,"completed":1,"failed":1,"pending":1,"total":5,"pending_in_todo":1}""", status.GetProperty("tasks").GetRawText());
        var current = status.GetProperty("current_task");
        Assert.Equal(["task_id", "task_text", "state", "start_time", "attempts"], Names(current));
        Assert.Equal((running, new string('x', 200), "in_progress", 1), (current.GetProperty("task_id").GetGuid(), current.GetProperty("task_text").GetString(),
            current.GetProperty("state").GetString(), current.GetProperty("attempts").GetInt32()));
    }

    [Fact]
    public async Task Without_a_task_that_runs_there_is_none()
    {
        var status = await GetAsync("/status");

        Assert.Equal(JsonValueKind.Null, status.GetProperty("current_task").ValueKind);
        Assert.Equal("waiting for tasks", status.GetProperty("server_state").GetProperty("current_activity").GetString());
    }

    [Fact]
    public async Task Cursor_is_there_while_a_worker_offers_it()
    {
        await Worker.ClaimAsync("w", agents: [AgentNames.Cursor]);

        Assert.True((await GetAsync("/")).GetProperty("cursor_cli_available").GetBoolean());
        Assert.True((await GetAsync("/status")).GetProperty("server").GetProperty("cursor_cli_available").GetBoolean());
    }

    [Fact]
    public async Task Health_is_open_to_all()
    {
        using var nobody = Server.Client(null);
        using var answer = await nobody.Http.GetAsync("/health", Stop);
        using var health = JsonDocument.Parse(await ApiClient.ExpectAsync(answer, HttpStatusCode.OK));

        Assert.Equal(["status", "timestamp"], Names(health.RootElement));
        Assert.Equal("healthy", health.RootElement.GetProperty("status").GetString());
    }

    [Fact]
    public async Task Stop_stops_and_restart_goes_on()
    {
        using var stopped = await Api.PostAsync("/stop");
        using var stop = JsonDocument.Parse(await ApiClient.ExpectAsync(stopped, HttpStatusCode.OK));
        await Api.SubmitAsync();
        Assert.Equal("stopped", stop.RootElement.GetProperty("status").GetString());
        Assert.Equal("stopped", (await GetAsync("/")).GetProperty("status").GetString());
        var server = (await GetAsync("/status")).GetProperty("server");
        Assert.Equal(("stopped", false), (server.GetProperty("status").GetString(), server.GetProperty("running").GetBoolean()));
        Assert.Null(await Worker.ClaimAsync());

        using var restarted = await Api.PostAsync("/restart");
        await ApiClient.ExpectAsync(restarted, HttpStatusCode.OK);
        Assert.NotNull(await Worker.ClaimAsync());
        using var again = await Api.PostAsync("/restart");
        var state = (await GetAsync("/status")).GetProperty("server_state");
        Assert.Equal((2, true), (state.GetProperty("restart_count").GetInt32(), state.GetProperty("pending_restart").GetBoolean()));
    }

    [Fact]
    public async Task A_browser_gets_the_page_and_a_program_needs_a_key()
    {
        using var nobody = Server.Client(null);
        using var browser = new HttpRequestMessage(HttpMethod.Get, "/");
        browser.Headers.TryAddWithoutValidation("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8");
        using var page = await nobody.Http.SendAsync(browser, Stop);
        Assert.Equal("text/html", page.Content.Headers.ContentType?.MediaType);
        Assert.Equal(["Accept"], page.Headers.Vary);

        foreach (var path in (string[])["/", "/status"])
        {
            using var refused = await nobody.Http.GetAsync(path, Stop);
            await ApiClient.ExpectProblemAsync(refused, HttpStatusCode.Unauthorized, "unauthorized");
            using var forbidden = await Worker.Http.GetAsync(path, Stop);
            await ApiClient.ExpectProblemAsync(forbidden, HttpStatusCode.Forbidden, "forbidden");
        }

        using var both = new HttpRequestMessage(HttpMethod.Get, "/");
        both.Headers.TryAddWithoutValidation("Accept", "application/json, text/html;q=0.5");
        using var json = await Api.Http.SendAsync(both, Stop);
        Assert.Equal("application/json", json.Content.Headers.ContentType?.MediaType);
    }

    // One of each: completed, failed, canceled, running, queued; three claims. The id is that of the running one.
    private async Task<Guid> ASystemAtWorkAsync()
    {
        var completed = await Api.SubmitAsync();
        await With((await Worker.ClaimAsync())!).CompleteAsync(completed.Id);
        var failed = await Api.SubmitAsync();
        await With((await Worker.ClaimAsync())!).CompleteAsync(failed.Id, new() { Outcome = Outcome.Failed, Failure = new("x", "y") });
        await Api.ChangeAsync((await Api.SubmitAsync()).Id, "cancel");
        var running = await Api.SubmitAsync(ApiClient.Script(new string('x', 300)));
        await Worker.ClaimAsync();
        await Api.SubmitAsync();
        return running.Id;
    }

    private async Task<JsonElement> GetAsync(string path)
    {
        using var answer = await Api.Http.GetAsync(path, Stop);
        using var json = JsonDocument.Parse(await ApiClient.ExpectAsync(answer, HttpStatusCode.OK));
        return json.RootElement.Clone();
    }

    private static IEnumerable<string> Names(JsonElement json) => json.EnumerateObject().Select(field => field.Name);
}

public sealed class LegacyOnGarnet(ApiOn<GarnetFixture> fixture) : LegacyTests(fixture), IClassFixture<ApiOn<GarnetFixture>>;

public sealed class LegacyOnRedis(ApiOn<RedisServerFixture> fixture) : LegacyTests(fixture), IClassFixture<ApiOn<RedisServerFixture>>;
