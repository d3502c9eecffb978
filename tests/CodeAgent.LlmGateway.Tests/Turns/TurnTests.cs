using System.Net;
using System.Text.Json;
using CodeAgent.LlmGateway.Tests.Support;
using CodeAgent.Testing.Redis;
using Microsoft.AspNetCore.Http;
using StackExchange.Redis;

namespace CodeAgent.LlmGateway.Tests.Turns;

public sealed class TurnOnGarnetTests(GarnetFixture redis) : TurnTests(redis);

public sealed class TurnOnRedisServerTests(RedisServerFixture redis) : TurnTests(redis), IClassFixture<RedisServerFixture>;

public abstract class TurnTests(RedisFixture redis) : IAsyncLifetime
{
    private readonly string _key = Guid.NewGuid().ToString();
    private MockUpstream _upstream = null!;
    private GatewayHost _gateway = null!;

    private string ConnectionString => redis.ConnectionString;

    private IConnectionMultiplexer Client => redis.Client;

    public async ValueTask InitializeAsync()
    {
        Assert.SkipWhen(redis.Unavailable is not null, redis.Unavailable ?? "");
        _upstream = await MockUpstream.StartAsync();
        _upstream.Chat = async http =>
        {
            var streamed = System.Text.Encoding.UTF8.GetString(_upstream.Requests.Last().Body).Contains("\"stream\":true", StringComparison.Ordinal);
            http.Response.ContentType = streamed ? "text/event-stream" : "application/json";
            await http.Response.WriteAsync(streamed ? ChatCalls.Chunk("é") + ChatCalls.UsageChunk + ChatCalls.Done : ChatCalls.Answer);
        };
        _gateway = await GatewayHost.StartAsync(ConnectionString, _upstream);
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        if (_gateway is not null)
        {
            await _gateway.DisposeAsync();
            await _upstream.DisposeAsync();
        }
    }

    private const string Finish = """data: {"id":"x","model":"answering-model","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}""" + "\n\n";

    private static bool Replayed(HttpResponseMessage response) => response.Headers.Contains("Idempotency-Replayed");

    [Theory]
    [InlineData(ChatCalls.Plain)]
    [InlineData(ChatCalls.Streamed)]
    public async Task A_repeated_turn_gets_the_same_bytes_even_from_a_new_gateway(string body)
    {
        using var client = _gateway.Client();
        var (first, expected) = await client.AskAsync(body, _key);
        var (second, repeated) = await client.AskAsync(body, _key);
        await using var other = await GatewayHost.StartAsync(ConnectionString, _upstream);
        using var otherClient = other.Client();
        var (third, fromOther) = await otherClient.AskAsync(body, _key);

        Assert.False(Replayed(first));
        Assert.True(Replayed(second) && Replayed(third));
        Assert.Equal(expected, repeated);
        Assert.Equal(expected, fromOther);
        Assert.Equal(first.Content.Headers.ContentType, third.Content.Headers.ContentType);
        Assert.Single(_upstream.Requests);
    }

    [Fact]
    public async Task Without_a_key_every_request_is_asked()
    {
        using var client = _gateway.Client();
        await client.AskAsync(ChatCalls.Plain);
        await client.AskAsync(ChatCalls.Plain);

        Assert.Equal(2, _upstream.Requests.Count);
    }

    [Fact]
    public async Task A_key_stands_for_one_request()
    {
        using var client = _gateway.Client();
        await client.AskAsync(ChatCalls.Plain, _key);

        var (response, body) = await client.AskAsync(ChatCalls.Plain.Replace("hi", "ho", StringComparison.Ordinal), _key);

        Assert.Equal(HttpStatusCode.UnprocessableEntity, response.StatusCode);
        Assert.Contains("idempotency_key_reused", body, StringComparison.Ordinal);
        Assert.Single(_upstream.Requests);
    }

    [Theory]
    [InlineData("/v1beta/models/default:generateContent", "")]
    [InlineData("/v1beta/models/mock-model:streamGenerateContent?alt=sse", "")]
    [InlineData("/v1beta/models/mock-model:generateContent", "?x=1")]
    public async Task What_a_request_says_in_its_address_is_a_part_of_it(string other, string query)
    {
        using var client = _gateway.Client();
        async Task<HttpResponseMessage> AskAsync(string address)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, address)
            {
                Content = new StringContent("""{"contents":[{"role":"user","parts":[{"text":"hi"}]}]}""", System.Text.Encoding.UTF8, "application/json"),
            };
            request.Headers.Add("Idempotency-Key", _key);
            return await client.SendAsync(request, TestContext.Current.CancellationToken);
        }

        using var first = await AskAsync("/v1beta/models/mock-model:generateContent");
        using var second = await AskAsync(other + query);
        using var third = await AskAsync("/v1beta/models/mock-model:generateContent");

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.UnprocessableEntity, HttpStatusCode.OK), (first.StatusCode, second.StatusCode, third.StatusCode));
        Assert.True(Replayed(third));
        Assert.Single(_upstream.Requests);
    }

    [Fact]
    public async Task What_a_request_says_in_its_headers_is_a_part_of_it()
    {
        using var client = _gateway.Client();
        await client.AskAsync(ChatCalls.Plain, _key);
        client.DefaultRequestHeaders.Add("openai-beta", "another");

        var (response, _) = await client.AskAsync(ChatCalls.Plain, _key);

        Assert.Equal(HttpStatusCode.UnprocessableEntity, response.StatusCode);
    }

    [Fact]
    public async Task A_turn_that_is_being_asked_is_not_asked_twice()
    {
        var (reached, go) = (new TaskCompletionSource(), new TaskCompletionSource());
        var answer = _upstream.Chat;
        _upstream.Chat = async http =>
        {
            reached.TrySetResult();
            await go.Task;
            await answer(http);
        };
        using var client = _gateway.Client();
        var asking = client.AskAsync(ChatCalls.Plain, _key);
        await reached.Task.WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);

        var (meanwhile, body) = await client.AskAsync(ChatCalls.Plain, _key);
        go.SetResult();

        Assert.Equal(HttpStatusCode.Conflict, meanwhile.StatusCode);
        Assert.Equal(TimeSpan.FromSeconds(1), meanwhile.Headers.RetryAfter?.Delta);
        Assert.Contains("idempotency_key_in_flight", body, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await asking).Response.StatusCode);
        Assert.True(Replayed((await client.AskAsync(ChatCalls.Plain, _key)).Response));
        Assert.Single(_upstream.Requests);
    }

    [Theory]
    [InlineData(500, "application/json", "{}", ChatCalls.Plain)]
    [InlineData(200, "application/json", "{\"error\":{\"message\":\"no\"},\"choices\":[]}", ChatCalls.Plain)]
    [InlineData(200, "application/json", "{\"choices\":", ChatCalls.Plain)]
    [InlineData(200, "text/event-stream", "data: {\"choices\":[]}\n\n", ChatCalls.Streamed)]
    [InlineData(200, "text/event-stream", "data: {\"error\":{\"message\":\"overloaded\"}}\n\ndata: [DONE]\n\n", ChatCalls.Streamed)]
    public async Task An_answer_that_is_none_is_not_kept(int status, string type, string answer, string body)
    {
        _upstream.Chat = http =>
        {
            (http.Response.StatusCode, http.Response.ContentType) = (status, type);
            return http.Response.WriteAsync(answer);
        };
        using var client = _gateway.Client();
        var (first, _) = await client.AskAsync(body, _key);
        var (second, _) = await client.AskAsync(body, _key);

        Assert.InRange((int)first.StatusCode, 500, 599);
        Assert.False(Replayed(second));
        Assert.InRange(_upstream.Requests.Count, 2, 6);
    }

    [Fact]
    public async Task A_connection_that_breaks_after_the_answers_end_changes_nothing()
    {
        var answer = ChatCalls.Chunk("whole") + Finish;
        _upstream.Chat = Upstreams.BreaksOff(answer);
        using var client = _gateway.Client();

        var (first, body) = await client.AskAsync(ChatCalls.Streamed, _key);
        var (second, repeated) = await client.AskAsync(ChatCalls.Streamed, _key);

        Assert.Equal((answer, answer), (body, repeated));
        Assert.Equal((false, true), (Replayed(first), Replayed(second)));
    }

    [Theory]
    [InlineData("/v1/messages", "message_stop")]
    [InlineData("/v1/responses", "response.completed")]
    public async Task A_translated_answer_whose_caller_left_before_its_end_is_kept_with_its_end(string path, string end)
    {
        _upstream.Chat = async http =>
        {
            http.Response.ContentType = "text/event-stream";
            await http.Response.WriteAsync(ChatCalls.Chunk("whole") + Finish, http.RequestAborted);
            await http.Response.Body.FlushAsync(http.RequestAborted);
            await Task.Delay(Timeout.Infinite, http.RequestAborted);
        };
        using var client = _gateway.Client();
        Task<HttpResponseMessage> AskAsync()
        {
            var request = new HttpRequestMessage(HttpMethod.Post, path)
            {
                Content = new StringContent("""{"model":"mock-model","stream":true,"max_tokens":100,"max_output_tokens":100,"messages":[{"role":"user","content":"hi"}],"input":"hi"}"""
                    .Replace(path == "/v1/messages" ? ",\"max_output_tokens\":100" : ",\"max_tokens\":100", "", StringComparison.Ordinal)
                    .Replace(path == "/v1/messages" ? ",\"input\":\"hi\"" : ",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]", "", StringComparison.Ordinal), System.Text.Encoding.UTF8, "application/json"),
            };
            request.Headers.Add("Idempotency-Key", _key);
            return client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
        }

        (await AskAsync()).Dispose();
        await CodeAgent.Testing.Eventually.TrueAsync(() => Task.FromResult(_upstream.Aborted == 1), TimeSpan.FromSeconds(10), "the provider is told that the caller left");

        var kept = await CodeAgent.Testing.Eventually.GetAsync(async () =>
        {
            var again = await AskAsync();
            return again.StatusCode == HttpStatusCode.Conflict ? null : again;
        }, TimeSpan.FromSeconds(10), "the turn is over");
        var body = await kept.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);

        Assert.True(Replayed(kept));
        Assert.Contains("whole", body, StringComparison.Ordinal);
        Assert.Contains(end, body, StringComparison.Ordinal);
        Assert.Single(_upstream.Requests);
    }

    [Fact]
    public async Task An_answer_whose_caller_left_before_what_follows_its_last_word_is_not_kept()
    {
        _upstream.Chat = async http =>
        {
            http.Response.ContentType = "text/event-stream";
            await http.Response.WriteAsync(ChatCalls.Chunk("whole") + Finish, http.RequestAborted);
            await http.Response.Body.FlushAsync(http.RequestAborted);
            await Task.Delay(Timeout.Infinite, http.RequestAborted);
        };
        using var client = _gateway.Client();
        (await client.BeginAsync(ChatCalls.Streamed, _key, TestContext.Current.CancellationToken)).Dispose();
        await CodeAgent.Testing.Eventually.TrueAsync(() => Task.FromResult(_upstream.Aborted == 1), TimeSpan.FromSeconds(10), "the provider is told that the caller left");
        _upstream.Chat = Upstreams.Answers("anew");

        var (again, body) = await CodeAgent.Testing.Eventually.GetAsync(async () =>
        {
            var (response, text) = await client.AskAsync(ChatCalls.Streamed, _key);
            return response.StatusCode == HttpStatusCode.Conflict ? null : Tuple.Create(response, text);
        }, TimeSpan.FromSeconds(10), "the turn is over");

        Assert.False(Replayed(again));
        Assert.EndsWith(ChatCalls.Done, body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_answer_that_is_too_long_goes_through_and_is_not_kept()
    {
        await File.WriteAllTextAsync(_gateway.ConfigPath, GatewayHost.YamlFor(_upstream.BaseUrl, rest: "turns: { maxAnswerBytes: 100 }"), TestContext.Current.CancellationToken);
        await CodeAgent.Testing.Eventually.TrueAsync(
            () => Task.FromResult(_gateway.Logs.GetSnapshot().Any(line => line.Message.Contains("in force now", StringComparison.Ordinal))), TimeSpan.FromSeconds(10), "the configuration is reloaded");
        using var client = _gateway.Client();

        Assert.Equal(ChatCalls.Answer, (await client.AskAsync(ChatCalls.Plain, _key)).Body);
        Assert.False(Replayed((await client.AskAsync(ChatCalls.Plain, _key)).Response));
    }

    [Fact]
    public async Task Nobody_gets_at_anothers_turns()
    {
        var (task, token) = await Tasks.LeaseAsync(Client);
        using var owner = _gateway.Client(token);
        using var key = _gateway.Client();
        using var other = _gateway.Client((await Tasks.LeaseAsync(Client)).Token);

        await owner.AskAsync(ChatCalls.Plain, _key);
        var (fromKey, _) = await key.AskAsync(ChatCalls.Plain, _key);
        other.DefaultRequestHeaders.Add("X-Task", task.ToString());
        var (fromOther, _) = await other.AskAsync(ChatCalls.Plain, _key);

        Assert.False(Replayed(fromKey) || Replayed(fromOther));
        Assert.Equal(3, _upstream.Requests.Count);
    }

    [Fact]
    public async Task The_next_attempt_at_a_task_gets_the_answers_of_the_last_one()
    {
        var (task, token) = await Tasks.LeaseAsync(Client);
        using var first = _gateway.Client(token);
        var (_, expected) = await first.AskAsync(ChatCalls.Streamed, _key);
        using var second = _gateway.Client((await Tasks.LeaseAsync(Client, 2, task)).Token);

        var (response, body) = await second.AskAsync(ChatCalls.Streamed, _key);

        Assert.True(Replayed(response));
        Assert.Equal(expected, body);
    }

    [Fact]
    public async Task Operators_see_how_often_a_turn_was_asked()
    {
        var (task, token) = await Tasks.LeaseAsync(Client);
        using var client = _gateway.Client(token);
        using var admin = _gateway.Client();
        await client.AskAsync(ChatCalls.Plain, "b:1:1");
        await client.AskAsync(ChatCalls.Plain, "b:1:1");
        var answer = _upstream.Chat;
        _upstream.Chat = http =>
        {
            http.Response.StatusCode = 500;
            return Task.CompletedTask;
        };
        await client.AskAsync(ChatCalls.Streamed, "a:1:2");
        _upstream.Chat = answer;
        await client.AskAsync(ChatCalls.Streamed, "a:1:2");

        using var turns = JsonDocument.Parse(await admin.GetStringAsync($"/admin/turns?task={task}", TestContext.Current.CancellationToken));

        Assert.Equal(task, turns.RootElement.GetProperty("task").GetGuid());
        var list = turns.RootElement.GetProperty("turns").EnumerateArray().Select(turn => (
            turn.GetProperty("key").GetString(), turn.GetProperty("asked").GetInt32(), turn.GetProperty("answered").GetInt32(), turn.GetProperty("replayed").GetInt32(),
            turn.GetProperty("model").GetString(), turn.GetProperty("provider").GetString(), turn.GetProperty("usage").GetProperty("input").GetInt32()));
        Assert.Equal([("b:1:1", 1, 1, 1, "upstream-model", "mock", 11), ("a:1:2", 2, 1, 0, "upstream-model", "mock", 11)], list);
    }

    [Theory]
    [InlineData("tab\there")]
    [InlineData("x")]
    [InlineData("")]
    public async Task A_key_is_plain_text(string key)
    {
        using var client = _gateway.Client();
        using var request = ChatCalls.Request(ChatCalls.Plain);
        request.Headers.TryAddWithoutValidation("Idempotency-Key", key.Length == 1 ? new string('x', 300) : key);

        using var response = await client.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Empty(_upstream.Requests);
    }
}
