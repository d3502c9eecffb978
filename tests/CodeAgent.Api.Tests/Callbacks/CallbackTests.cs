using System.Net;
using System.Text.Json;
using CodeAgent.Api.Tests.Running;
using CodeAgent.ServiceDefaults.Identity;
using CodeAgent.Testing;
using CodeAgent.Testing.Redis;

namespace CodeAgent.Api.Tests.Callbacks;

public sealed class CallbacksOnGarnet(ApiOn<GarnetFixture> fixture) : CallbackTests(fixture), IClassFixture<ApiOn<GarnetFixture>>;

public sealed class CallbacksOnRedis(ApiOn<RedisServerFixture> fixture) : CallbackTests(fixture), IClassFixture<ApiOn<RedisServerFixture>>;

/// <summary>Callbacks of the whole Api.</summary>
public abstract class CallbackTests(IApiFixture fixture) : ApiTests(fixture)
{
    private const string Secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    protected override IEnumerable<(string Name, string Value)> Settings => [("Config:Directory", Folder), ("CALLBACK_SECRET", Secret)];

    [Fact]
    public async Task A_task_calls_back_when_it_is_done_and_says_what_came_of_that()
    {
        await using var receiver = await AllowedReceiverAsync();
        var task = await Api.SubmitAsync(ApiClient.Script() with { Callback = receiver.Url, Labels = new Dictionary<string, string> { ["team"] = "a" } });
        var lease = await Worker.ClaimAsync();
        Assert.Null(lease!.Request.Callback);
        await With(lease).CompleteAsync(task.Id);

        var received = (await receiver.AtLeastAsync(1, Limit)).Single();
        var data = received.Json.GetProperty("data");
        Assert.True(received.IsSignedWith(Secret));
        Assert.Equal("task.succeeded", received.Json.GetProperty("type").GetString());
        Assert.Equal((task.Id, task.CorrelationId, "Done.", "a"), (data.GetProperty("id").GetGuid(), data.GetProperty("correlationId").GetString(),
            data.GetProperty("summary").GetString(), data.GetProperty("labels").GetProperty("team").GetString()));
        var attempt = (await LogAsync(task.Id, 1)).GetProperty("items")[0];
        Assert.Equal((received.Id, "delivered", 200, 1), (attempt.GetProperty("callback").GetString(), attempt.GetProperty("outcome").GetString(),
            attempt.GetProperty("status").GetInt32(), attempt.GetProperty("attempt").GetInt32()));
        Assert.InRange(attempt.GetProperty("durationMs").GetInt64(), 0, 20_000);
    }

    [Fact]
    public async Task Of_two_instances_one_calls_back()
    {
        await using var receiver = await AllowedReceiverAsync();
        await using var other = StartAnother();
        using var there = other.Client();
        var ids = new List<Guid>();
        for (var i = 0; i < 40; i++)
        {
            var client = i % 2 == 0 ? Api : there;
            ids.Add((await client.SubmitAsync(ApiClient.Script() with { Callback = receiver.Url })).Id);
            await client.ChangeAsync(ids[i], "cancel");
        }

        await receiver.AtLeastAsync(40, Limit);
        foreach (var id in ids)
        {
            await LogAsync(id, 1);
        }

        Assert.Equal(ids.Order(), receiver.Received.Select(received => received.Json.GetProperty("data").GetProperty("id").GetGuid()).Order());
    }

    [Fact]
    public async Task The_attempts_come_in_pages_to_whom_the_task_is_there()
    {
        await using var receiver = await AllowedReceiverAsync();
        var task = await Api.SubmitAsync(ApiClient.Script() with { Callback = receiver.Url });
        for (var i = 1; i <= 3; i++)
        {
            await Api.ChangeAsync(task.Id, "cancel");
            await LogAsync(task.Id, i);
            await Api.ChangeAsync(task.Id, "retry");
        }

        var all = await LogAsync(task.Id, 3);
        var first = await PageAsync(task.Id, "?limit=2");
        var second = await PageAsync(task.Id, $"?limit=2&cursor={Uri.EscapeDataString(first.GetProperty("next").GetString()!)}");

        Assert.False(all.TryGetProperty("next", out _) || second.TryGetProperty("next", out _));
        Assert.Equal(Names(all), Names(first).Concat(Names(second)));
        Assert.Equal(3, Names(all).Distinct().Count());
        using var wrong = await Api.Http.GetAsync($"/v1/tasks/{task.Id}/callbacks?cursor=x", Stop);
        await ApiClient.ExpectProblemAsync(wrong, HttpStatusCode.BadRequest, "invalid-field", "cursor");
        using var missing = await Api.Http.GetAsync($"/v1/tasks/{Guid.CreateVersion7()}/callbacks", Stop);
        await ApiClient.ExpectProblemAsync(missing, HttpStatusCode.NotFound, "task-not-found");

        var secret = CodeAgent.ServiceDefaults.Identity.Secret.NewKey();
        await new KeyStore(Redis.Client).AddAsync(new("other", "other", [Scopes.Read], default) { Tenant = "other" }, secret);
        using var stranger = Server.Client(secret);
        using var crossed = await stranger.Http.GetAsync($"/v1/tasks/{task.Id}/callbacks", Stop);
        await ApiClient.ExpectProblemAsync(crossed, HttpStatusCode.NotFound, "task-not-found");
    }

    [Fact]
    public async Task A_task_that_could_not_call_back_is_not_made()
    {
        await AllowAsync();
        foreach (var callback in (string[])["https://169.254.169.254/", "https://me:hunter2@ci.example.com/", "ftp://ci.example.com/"])
        {
            using var answer = await Api.PostTextAsync("/v1/tasks", JsonSerializer.Serialize(new { prompt = "x", callback }));
            var problem = await ApiClient.ExpectProblemAsync(answer, HttpStatusCode.BadRequest, "invalid-field", "callback");
            Assert.DoesNotContain("hunter2", problem.GetRawText(), StringComparison.Ordinal);
        }

        Assert.Empty((await Api.ListAsync()).Items);
    }

    private async Task<Receiver> AllowedReceiverAsync()
    {
        await AllowAsync();
        return await Receiver.StartAsync(Stop);
    }

    // The file is there before the first test's server or is read by it when it changes.
    private async Task AllowAsync()
    {
        await File.WriteAllTextAsync(Path.Combine(Folder, "api.yaml"),
            "callbacks: { secrets: [ '${CALLBACK_SECRET}' ], allowHttp: true, allowedNetworks: [ 127.0.0.0/8 ] }", Stop);
        await Eventually.TrueAsync(async () =>
        {
            // A type that there is not is found out after the callback, and makes no task.
            using var asked = await Api.PostTextAsync("/v1/tasks", """{ "prompt": "x", "type": "nonsense", "callback": "http://127.0.0.1/" }""");
            return (await asked.Content.ReadAsStringAsync(Stop)).Contains("\"field\":\"type\"", StringComparison.Ordinal);
        }, Limit, "callbacks are allowed");
    }

    private async Task<JsonElement> LogAsync(Guid id, int count)
    {
        var log = default(JsonElement);
        await Eventually.TrueAsync(async () => (log = await PageAsync(id, "")).GetProperty("items").GetArrayLength() >= count, Limit, $"{count} attempts are logged");
        return log;
    }

    private async Task<JsonElement> PageAsync(Guid id, string query) =>
        JsonDocument.Parse(await Api.Http.GetStringAsync($"/v1/tasks/{id}/callbacks{query}", Stop)).RootElement;

    private static IEnumerable<string?> Names(JsonElement page) => page.GetProperty("items").EnumerateArray().Select(attempt => attempt.GetProperty("callback").GetString());
}
