using System.Net;
using CodeAgent.LlmGateway.Tests.Support;
using CodeAgent.Testing;
using CodeAgent.Testing.Redis;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace CodeAgent.LlmGateway.Tests.Cache;

public sealed class AnswerCacheOnGarnetTests(GarnetFixture redis) : AnswerCacheTests(redis);

public sealed class AnswerCacheOnRedisServerTests(RedisServerFixture redis) : AnswerCacheTests(redis), IClassFixture<RedisServerFixture>;

public abstract class AnswerCacheTests(RedisFixture redis) : IAsyncLifetime
{
    private readonly string _salt = Guid.NewGuid().ToString("N");
    private MockUpstream _upstream = null!;
    private GatewayHost _gateway = null!;
    private HttpClient _client = null!;

    private string ConnectionString => redis.ConnectionString;

    private IConnectionMultiplexer Redis => redis.Client;

    // A question of the test's own, since all tests share a Redis.
    private string Plain => ChatCalls.Plain.Replace("hi", _salt, StringComparison.Ordinal);

    private string Streamed => ChatCalls.Streamed.Replace("hi", _salt, StringComparison.Ordinal);

    public async ValueTask InitializeAsync()
    {
        Assert.SkipWhen(redis.Unavailable is not null, redis.Unavailable ?? "");
        _upstream = await MockUpstream.StartAsync();
        _upstream.Chat = Upstreams.Answers("yes");
        _gateway = await GatewayHost.StartAsync(ConnectionString, _upstream, ", maxRetries: 0");
        _client = _gateway.Client();
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        if (_gateway is not null)
        {
            _client.Dispose();
            await _gateway.DisposeAsync();
            await _upstream.DisposeAsync();
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_same_request_gets_the_same_bytes_even_from_another_gateway(bool isStream)
    {
        var body = isStream ? Streamed : Plain;
        var (first, expected) = await _client.CachedAsync(body);
        var (second, repeated) = await _client.CachedAsync(body);
        await using var other = await GatewayHost.StartAsync(ConnectionString, _upstream);
        using var otherClient = other.Client();
        var (third, fromOther) = await otherClient.CachedAsync(body);

        Assert.Equal(("miss", "hit", "hit"), (first.Cache(), second.Cache(), third.Cache()));
        Assert.Equal((expected, expected), (repeated, fromOther));
        Assert.Equal((isStream ? "text/event-stream" : "application/json", isStream), (third.Content.Headers.ContentType?.MediaType, third.Headers.TransferEncodingChunked == true));
        Assert.Equal(first.Content.Headers.ContentType, third.Content.Headers.ContentType);
        Assert.Null(first.Headers.Age);
        Assert.InRange(third.Headers.Age!.Value.TotalSeconds, 0, 60);
        Assert.Single(_upstream.Requests);
        Assert.Contains(_gateway.Logs.GetSnapshot(), line => line.Message.Contains(": 200 cached", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Nothing_is_cached_unless_somebody_asks_for_it()
    {
        Assert.Null((await _client.CachedAsync(Plain, null)).Response.Cache());
        Assert.Null((await _client.CachedAsync(Plain, null)).Response.Cache());
        Assert.Equal(2, _upstream.Requests.Count);
    }

    [Fact]
    public async Task A_key_may_ask_for_the_cache_and_a_request_of_it_may_not_want_it()
    {
        var (_, secret) = await GatewayKeys.MakeAsync(Redis, key => key with { Cache = true });
        using var client = _gateway.Client(secret);

        Assert.Equal("miss", (await client.CachedAsync(Plain, null)).Response.Cache());
        Assert.Equal("hit", (await client.CachedAsync(Plain, null)).Response.Cache());
        Assert.Null((await client.CachedAsync(Plain, "off")).Response.Cache());
        Assert.Null((await client.CachedAsync(Plain, null, "no-store")).Response.Cache());
        Assert.Equal("miss", (await client.CachedAsync(Plain, null, "no-cache")).Response.Cache());
        Assert.Equal(4, _upstream.Requests.Count);
    }

    [Fact]
    public async Task What_must_not_be_stored_is_not()
    {
        Assert.Null((await _client.CachedAsync(Plain, "on", "no-store")).Response.Cache());
        Assert.Equal("miss", (await _client.CachedAsync(Plain)).Response.Cache());
    }

    [Fact]
    public async Task A_refreshed_answer_takes_the_place_of_the_old_one()
    {
        await _client.CachedAsync(Plain);
        _upstream.Chat = Upstreams.Answers("no");

        var (refreshed, anew) = await _client.CachedAsync(Plain, "refresh");
        var (hit, again) = await _client.CachedAsync(Plain);

        Assert.Equal(("miss", "hit"), (refreshed.Cache(), hit.Cache()));
        Assert.Contains("\"no\"", anew, StringComparison.Ordinal);
        Assert.Equal(anew, again);
    }

    [Fact]
    public async Task A_wish_that_nobody_knows_is_refused() =>
        Assert.Equal(HttpStatusCode.BadRequest, (await _client.CachedAsync(Plain, "please")).Response.StatusCode);

    [Fact]
    public async Task The_order_of_properties_and_white_space_do_not_matter_and_all_the_rest_does()
    {
        await _client.CachedAsync($$"""{"model":"mock-model","temperature":1,"messages":[{"role":"user","content":"{{_salt}}"}]}""");

        var same = await _client.CachedAsync($$"""{ "messages": [ {"content": "{{_salt}}", "role":"user"} ],  "temperature":1, "model":"mock-model"}""");
        var number = await _client.CachedAsync($$"""{"model":"mock-model","temperature":1.0,"messages":[{"role":"user","content":"{{_salt}}"}]}""");
        var more = await _client.CachedAsync($$"""{"model":"mock-model","temperature":1,"seed":7,"messages":[{"role":"user","content":"{{_salt}}"}]}""");

        Assert.Equal(("hit", "miss", "miss"), (same.Response.Cache(), number.Response.Cache(), more.Response.Cache()));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Fifty_at_once_are_one_request_to_the_provider(bool isStream)
    {
        var (go, answer) = (new TaskCompletionSource(), Upstreams.Answers("yes"));
        _upstream.Chat = async http =>
        {
            await go.Task.WaitAsync(http.RequestAborted);
            await answer(http);
        };
        var asking = Enumerable.Range(0, 50).Select(_ => _client.CachedAsync(isStream ? Streamed : Plain)).ToArray();
        await Eventually.TrueAsync(() => Task.FromResult(!_upstream.Requests.IsEmpty), TimeSpan.FromSeconds(10), "one has asked");
        go.SetResult();
        var answers = await Task.WhenAll(asking);

        Assert.Single(_upstream.Requests);
        Assert.Single(answers.Select(one => one.Body).Distinct());
        Assert.Equal((1, 49), (answers.Count(one => one.Response.Cache() == "miss"), answers.Count(one => one.Response.Cache() == "hit")));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Who_waits_for_another_asks_when_that_one_leaves_or_fails(bool leaves)
    {
        var (go, count, answer) = (new TaskCompletionSource(), 0, Upstreams.Answers("yes"));
        _upstream.Chat = async http =>
        {
            if (Interlocked.Increment(ref count) == 1)
            {
                await go.Task.WaitAsync(http.RequestAborted);
                http.Response.StatusCode = 400;
                await http.Response.WriteAsync("{}");
                return;
            }

            await answer(http);
        };
        using var leaving = new CancellationTokenSource();
        var first = _client.CachedAsync(Plain, leaving: leaving);
        await Eventually.TrueAsync(() => Task.FromResult(_upstream.Requests.Count == 1), TimeSpan.FromSeconds(10), "one has asked");
        var waiters = Enumerable.Range(0, 5).Select(_ => _client.CachedAsync(Plain)).ToArray();
        if (leaves)
        {
            await leaving.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        }
        else
        {
            go.SetResult();
            Assert.Equal(HttpStatusCode.BadRequest, (await first).Response.StatusCode);
        }

        Assert.All(await Task.WhenAll(waiters), one => Assert.Equal(HttpStatusCode.OK, one.Response.StatusCode));
        Assert.Equal(2, _upstream.Requests.Count);
    }

    [Fact]
    public async Task Who_waits_for_anothers_stream_is_shown_that_the_connection_lives_and_then_gets_it_all()
    {
        var (go, answer) = (new TaskCompletionSource(), Upstreams.Answers("yes"));
        _upstream.Chat = async http =>
        {
            await go.Task.WaitAsync(http.RequestAborted);
            await answer(http);
        };
        await using var gateway = await GatewayHost.StartAsync(ConnectionString, _upstream, rest: "keepAliveInterval: 100ms");
        var (_, secret) = await GatewayKeys.LimitedAsync(Redis, new() { RequestsPerDay = 2, TokensPerDay = 1_000_000 });
        using var client = gateway.Client(secret);
        var first = client.CachedAsync(Streamed);
        await Eventually.TrueAsync(() => Task.FromResult(!_upstream.Requests.IsEmpty), TimeSpan.FromSeconds(10), "one has asked");
        using var request = ChatCalls.Request(Streamed);
        request.Headers.Add(CacheCalls.Header, "on");

        // Begins with a comment, since the answer is not there yet.
        using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
        go.SetResult();
        var waited = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);

        Assert.StartsWith(": keep-alive", waited, StringComparison.Ordinal);
        Assert.EndsWith(ChatCalls.Done, waited, StringComparison.Ordinal);
        Assert.Contains("yes", (await first).Body, StringComparison.Ordinal);
        Assert.Single(_upstream.Requests);
        Assert.Equal(HttpStatusCode.TooManyRequests, (await client.CachedAsync(Streamed)).Response.StatusCode);
    }

    [Fact]
    public async Task A_limit_that_is_reached_while_waiting_is_told_within_the_stream_that_has_begun()
    {
        var (go, answer) = (new TaskCompletionSource(), Upstreams.Answers("yes"));
        _upstream.Chat = async http =>
        {
            await go.Task.WaitAsync(http.RequestAborted);
            await answer(http);
        };
        await using var gateway = await GatewayHost.StartAsync(ConnectionString, _upstream, rest: "keepAliveInterval: 100ms");
        var (_, secret) = await GatewayKeys.LimitedAsync(Redis, new() { RequestsPerDay = 1 });
        using var client = gateway.Client(secret);
        var first = client.CachedAsync(Streamed);
        await Eventually.TrueAsync(() => Task.FromResult(!_upstream.Requests.IsEmpty), TimeSpan.FromSeconds(10), "one has asked");
        using var request = ChatCalls.Request(Streamed);
        request.Headers.Add(CacheCalls.Header, "on");
        using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
        go.SetResult();

        var waited = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);

        Assert.Contains("rate_limit_exceeded", waited, StringComparison.Ordinal);
        Assert.DoesNotContain("yes", waited, StringComparison.Ordinal);
        Assert.Contains("yes", (await first).Body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(500, "application/json", "{}", false)]
    [InlineData(200, "application/json", "{\"error\":{\"message\":\"no\"},\"choices\":[]}", false)]
    [InlineData(200, "text/event-stream", "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"half\"}}]}\n\n", true)]
    [InlineData(200, "text/event-stream", "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"half\"}}]}\n\ndata: {\"error\":{\"message\":\"overloaded\"}}\n\ndata: [DONE]\n\n", true)]
    public async Task Errors_and_broken_streams_are_not_cached(int status, string type, string answer, bool isStream)
    {
        _upstream.Chat = http =>
        {
            (http.Response.StatusCode, http.Response.ContentType) = (status, type);
            return http.Response.WriteAsync(answer);
        };
        try
        {
            await _client.CachedAsync(isStream ? Streamed : Plain);
        }
        catch (HttpRequestException) when (isStream)
        {
            // Broken off here too.
        }

        _upstream.Chat = Upstreams.Answers("whole");
        var (response, body) = await _client.CachedAsync(isStream ? Streamed : Plain);

        Assert.Equal("miss", response.Cache());
        Assert.Contains("whole", body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_hit_costs_nothing_and_counts_as_a_request()
    {
        var (key, secret) = await GatewayKeys.MakeAsync(Redis, key => key with { Cache = true, Limits = new() { RequestsPerDay = 3 } });
        using var client = _gateway.Client(secret);
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(HttpStatusCode.OK, (await client.CachedAsync(Plain, null)).Response.StatusCode);
        }

        var (refused, _) = await client.CachedAsync(Plain, null);
        var row = await _client.BooksAsync("key", key.Id, 3);

        Assert.Equal(HttpStatusCode.TooManyRequests, refused.StatusCode);
        Assert.Equal((3L, 2L, 11L, 5L), (row.Count("requests"), row.Count("repeated"), row.Count("inputTokens"), row.Count("outputTokens")));
        Assert.Single(_upstream.Requests);
    }

    [Fact]
    public async Task An_answer_is_forgotten_after_its_time_and_a_long_one_is_not_kept()
    {
        await using var brief = await GatewayHost.StartAsync(ConnectionString, _upstream, rest: "cache: { ttl: 1s }");
        await using var small = await GatewayHost.StartAsync(ConnectionString, _upstream, rest: "cache: { maxAnswerBytes: 20 }");
        using var client = brief.Client();
        using var other = small.Client();

        Assert.Equal("miss", (await other.CachedAsync(Plain)).Response.Cache());
        Assert.Equal("miss", (await other.CachedAsync(Plain)).Response.Cache());
        Assert.Equal("miss", (await client.CachedAsync(Plain)).Response.Cache());
        await Eventually.TrueAsync(async () => (await client.CachedAsync(Plain)).Response.Cache() == "miss", TimeSpan.FromSeconds(10), "the answer is forgotten");
    }
}

public sealed class CacheWithoutRedisTests
{
    [Fact]
    public async Task Without_Redis_the_cache_is_passed_by_and_that_is_logged()
    {
        await using var upstream = await MockUpstream.StartAsync();
        upstream.Chat = Upstreams.Answers("yes");
        var redis = new GarnetFixture();
        await redis.InitializeAsync();
        await using var gateway = await GatewayHost.StartAsync(redis.ConnectionString + ",asyncTimeout=500,syncTimeout=500", upstream);
        using var client = gateway.Client();
        await client.CachedAsync(ChatCalls.Plain);
        await redis.DisposeAsync();

        var (response, body) = await client.CachedAsync(ChatCalls.Plain.Replace("hi", "ho", StringComparison.Ordinal));

        Assert.Equal((HttpStatusCode.OK, "miss"), (response.StatusCode, response.Cache()));
        Assert.Contains("yes", body, StringComparison.Ordinal);
        Assert.Contains(gateway.Logs.GetSnapshot(), line => line.Level == LogLevel.Warning && line.Category!.Contains("FusionCache", StringComparison.Ordinal));
    }
}
