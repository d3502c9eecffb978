using System.Diagnostics;
using System.Net;
using System.Text.Json;
using CodeAgent.LlmGateway.Tests.Support;
using CodeAgent.Testing;
using CodeAgent.Testing.Redis;
using Microsoft.AspNetCore.Http;

namespace CodeAgent.LlmGateway.Tests.Pains;

public sealed class ResiliencePains(GarnetFixture redis) : IAsyncLifetime
{
    private MockUpstream _one = null!;
    private MockUpstream _other = null!;

    public async ValueTask InitializeAsync() => (_one, _other) = (await MockUpstream.StartAsync(), await MockUpstream.StartAsync());

    public async ValueTask DisposeAsync()
    {
        await _one.DisposeAsync();
        await _other.DisposeAsync();
    }

    private Task<GatewayHost> GatewayAsync(string[] deployments, string options = "", string rest = "", string model = "") => GatewayHost.StartAsync(
        redis.ConnectionString, Upstreams.Yaml(Upstreams.Deployments(deployments) + model, rest, ("one", _one.BaseUrl, options), ("other", _other.BaseUrl, options)));

    private static readonly string[] Alone = ["provider: one"];
    private static readonly string[] WithReserve = ["provider: one", "provider: other, role: reserve"];

    [Fact]
    public async Task Pain_09_when_all_are_full_the_soonest_of_them_is_told()
    {
        _one.Chat = Upstreams.Fails(429, "60");
        _other.Chat = Upstreams.Fails(429, "30");
        await using var gateway = await GatewayAsync(WithReserve);
        using var client = gateway.Client();

        var (first, _) = await client.AskAsync(ChatCalls.Plain);
        var (second, body) = await client.AskAsync(ChatCalls.Plain);

        Assert.Equal(HttpStatusCode.TooManyRequests, first.StatusCode);
        Assert.InRange(first.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 25, 30);
        Assert.Equal(HttpStatusCode.TooManyRequests, second.StatusCode);
        Assert.InRange(second.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 20, 30);
        Assert.Contains("rate_limit_exceeded", body, StringComparison.Ordinal);
        Assert.Equal((1, 1), (_one.Requests.Count, _other.Requests.Count));
    }

    [Fact]
    public async Task Pain_09_when_all_are_failing_it_is_503_with_the_time_to_come_back()
    {
        _one.Chat = Upstreams.Fails(500);
        await using var gateway = await GatewayAsync(Alone, "maxRetries: 0, breaker: { failures: 2, cooldown: 40s }");
        using var client = gateway.Client();

        await client.AskAsync(ChatCalls.Plain);
        await client.AskAsync(ChatCalls.Plain);
        var (response, body) = await client.AskAsync(ChatCalls.Plain);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        Assert.InRange(response.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 20, 40);
        Assert.Contains("no_deployment_available", body, StringComparison.Ordinal);
        Assert.Matches("rests for ([23][0-9]|40) s", body);
        Assert.Equal(2, _one.Requests.Count);
    }

    [Fact]
    public async Task Pain_10_a_short_hint_is_waited_for_where_the_cache_is()
    {
        var times = 0;
        _one.Chat = http => Interlocked.Increment(ref times) == 1 ? Upstreams.Fails(429, "1")(http) : Upstreams.Answers("patience")(http);
        _other.Chat = Upstreams.Answers("haste");
        await using var gateway = await GatewayAsync(WithReserve);
        using var client = gateway.Client();
        var clock = Stopwatch.StartNew();

        var (_, body) = await client.AskAsync(ChatCalls.Plain);

        Assert.Contains("patience", body, StringComparison.Ordinal);
        Assert.True(clock.Elapsed >= TimeSpan.FromSeconds(1), $"{clock.Elapsed}");
        Assert.Empty(_other.Requests);
    }

    [Fact]
    public async Task Pain_10_a_long_hint_goes_elsewhere_at_once_and_is_remembered()
    {
        _one.Chat = Upstreams.Fails(429, "60");
        _other.Chat = Upstreams.Answers("elsewhere");
        await using var gateway = await GatewayAsync(WithReserve);
        using var client = gateway.Client();

        Assert.Contains("elsewhere", (await client.AskAsync(ChatCalls.Plain)).Body, StringComparison.Ordinal);
        Assert.Contains("elsewhere", (await client.AskAsync(ChatCalls.Plain)).Body, StringComparison.Ordinal);

        Assert.Equal((1, 2), (_one.Requests.Count, _other.Requests.Count));
    }

    [Fact]
    public async Task Pain_11_retries_add_up_and_do_not_multiply()
    {
        _one.Chat = _other.Chat = Upstreams.Fails(500);
        await using var gateway = await GatewayAsync(WithReserve, "maxRetries: 3, breaker: { failures: 100 }");
        using var client = gateway.Client();

        var (response, _) = await client.AskAsync(ChatCalls.Plain);

        // Two deployments once each, and three more attempts for the request as a whole: five, where 2 times 4 would be 8. A client
        // that retries by itself would make fifteen of them; it is told not to.
        Assert.Equal(5, _one.Requests.Count + _other.Requests.Count);
        Assert.Equal("false", response.Headers.GetValues("x-should-retry").Single());
    }

    [Fact]
    public async Task Pain_11_in_a_storm_there_are_hardly_more_requests_than_without_retries()
    {
        const int Requests = 60;
        _one.Chat = Upstreams.Fails(500);
        await using var gateway = await GatewayAsync(Alone, "maxRetries: 3, breaker: { failures: 1000, atLeast: 100000 }", "retries: { budget: 0.2, floor: 0 }");
        using var client = gateway.Client();

        await Task.WhenAll(Enumerable.Range(0, Requests).Select(_ => client.AskAsync(ChatCalls.Plain)));

        Assert.InRange(_one.Requests.Count, Requests, Requests * 1.2 + 1);
    }

    [Fact]
    public async Task Pain_11_what_may_have_been_billed_is_asked_once_more_at_most()
    {
        _one.Chat = _other.Chat = http =>
        {
            http.Abort();
            return Task.CompletedTask;
        };
        await using var gateway = await GatewayAsync(WithReserve, "maxRetries: 5");
        using var client = gateway.Client();

        var (response, _) = await client.AskAsync(ChatCalls.Plain);

        Assert.Equal(HttpStatusCode.BadGateway, response.StatusCode);
        Assert.Equal(2, _one.Requests.Count + _other.Requests.Count);
        Assert.Equal("false", response.Headers.GetValues("x-should-retry").Single());
    }

    [Theory]
    [InlineData(402, "{}", 402)]
    [InlineData(429, """{"error":{"message":"You exceeded your current quota","code":"insufficient_quota"}}""", 429)]
    [InlineData(400, """{"error":{"message":"bad"}}""", 400)]
    [InlineData(404, "{}", 404)]
    [InlineData(413, "{}", 413)]
    [InlineData(422, "{}", 422)]
    [InlineData(403, "{}", 403)]
    [InlineData(401, "{}", 502)]
    public async Task Pain_11_what_would_fail_again_is_not_repeated(int status, string body, int expected)
    {
        _one.Chat = Upstreams.Fails(status, body: body);
        await using var gateway = await GatewayAsync(Alone, "maxRetries: 3");
        using var client = gateway.Client();

        var (response, _) = await client.AskAsync(ChatCalls.Plain);

        Assert.Equal(expected, (int)response.StatusCode);
        Assert.Single(_one.Requests);
    }

    [Theory]
    [InlineData(401, "{}")]
    [InlineData(402, "{}")]
    [InlineData(403, """{"error":{"code":403,"message":"No.","status":"PERMISSION_DENIED","details":[{"reason":"API_KEY_SERVICE_BLOCKED"}]}}""")]
    [InlineData(403, """{"error":{"code":403,"message":"Your API key was reported as leaked.","status":"PERMISSION_DENIED"}}""")]
    [InlineData(403, """{"error":{"code":"unsupported_country_region_territory","message":"Not here","type":"request_forbidden"}}""")]
    [InlineData(403, """{"error":{"code":403,"message":"Key limit exceeded (total limit)."}}""")]
    [InlineData(400, """{"error":{"code":400,"message":"API key not valid.","status":"INVALID_ARGUMENT","details":[{"reason":"API_KEY_INVALID"}]}}""")]
    [InlineData(400, """{"type":"error","error":{"type":"invalid_request_error","message":"Your credit balance is too low to ask."}}""")]
    public async Task Pain_11_a_key_that_is_refused_sends_requests_elsewhere_and_is_left_alone(int status, string said)
    {
        _one.Chat = Upstreams.Fails(status, body: said);
        _other.Chat = Upstreams.Answers("elsewhere");
        await using var gateway = await GatewayAsync(WithReserve);
        using var client = gateway.Client();

        Assert.Contains("elsewhere", (await client.AskAsync(ChatCalls.Plain)).Body, StringComparison.Ordinal);
        Assert.Contains("elsewhere", (await client.AskAsync(ChatCalls.Plain)).Body, StringComparison.Ordinal);
        Assert.Single(_one.Requests);
    }

    [Theory]
    [InlineData(403, """{"error":{"code":403,"message":"You do not have permission to access the File abc.","status":"PERMISSION_DENIED"}}""")]
    [InlineData(403, """{"error":{"code":403,"message":"Flagged: invalid_api_key insufficient_quota","metadata":{"flagged_input":"invalid_api_key","reasons":["x"]}}}""")]
    [InlineData(400, """{"error":{"code":"unknown_parameter","message":"Unknown parameter: 'insufficient_quota'.","type":"invalid_request_error","param":"insufficient_quota"}}""")]
    [InlineData(404, """{"error":{"code":"not_found","message":"There is no response 'model_not_found'."}}""")]
    public async Task Pain_11_what_a_caller_asks_puts_no_deployment_to_rest(int status, string said)
    {
        _one.Chat = Upstreams.Fails(status, body: said);
        _other.Chat = Upstreams.Answers("elsewhere");
        await using var gateway = await GatewayAsync(WithReserve);
        using var client = gateway.Client();

        Assert.Equal(status, (int)(await client.AskAsync(ChatCalls.Plain)).Response.StatusCode);

        _one.Chat = Upstreams.Answers("here");
        Assert.Contains("here", (await client.AskAsync(ChatCalls.Plain)).Body, StringComparison.Ordinal);
        Assert.Empty(_other.Requests);
    }

    [Theory]
    [InlineData(404, """{"error":{"code":"model_not_found","message":"The model `x` does not exist"}}""")]
    [InlineData(404, """{"error":{"code":"DeploymentNotFound","message":"The API deployment for this resource does not exist."}}""")]
    [InlineData(404, """{"error":{"code":404,"message":"models/x is not found for API version v1","status":"NOT_FOUND"}}""")]
    [InlineData(404, """{"type":"error","error":{"type":"not_found_error","message":"model: x"}}""")]
    [InlineData(403, """{"type":"error","error":{"type":"permission_error","message":"Your API key does not have permission to use the specified resource."}}""")]
    public async Task A_model_that_is_not_there_is_asked_for_elsewhere_each_time(int status, string said)
    {
        const int Requests = 8;
        _one.Chat = Upstreams.Fails(status, body: said);
        _other.Chat = Upstreams.Answers("elsewhere");
        await using var gateway = await GatewayAsync(WithReserve, rest: "retries: { budget: 0, floor: 0 }");
        using var client = gateway.Client();

        for (var i = 0; i < Requests; i++)
        {
            Assert.Contains("elsewhere", (await client.AskAsync(ChatCalls.Plain)).Body, StringComparison.Ordinal);
        }

        _other.Chat = Upstreams.Fails(status, body: said);
        Assert.Equal(status, (int)(await client.AskAsync(ChatCalls.Plain)).Response.StatusCode);
        Assert.Equal((Requests + 1, Requests + 1), (_one.Requests.Count, _other.Requests.Count));
    }

    // "seed" has no place in Anthropic's protocol.
    private const string Seeded = """{"model":"mock-model","seed":1,"messages":[{"role":"user","content":"hi"}]}""";

    [Fact]
    public async Task A_reserve_that_cannot_be_asked_makes_no_bad_request_of_a_failure()
    {
        _one.Chat = Upstreams.Fails(500);
        await using var gateway = await GatewayHost.StartAsync(redis.ConnectionString, Upstreams.Yaml(
            Upstreams.Deployments(WithReserve), "", ("one", _one.BaseUrl, "maxRetries: 0"), ("other", _other.BaseUrl, "protocols: [messages]")));
        using var client = gateway.Client();

        Assert.Equal(500, (int)(await client.AskAsync(Seeded)).Response.StatusCode);
        Assert.Empty(_other.Requests);
    }

    [Fact]
    public async Task What_the_first_has_no_words_for_is_asked_of_the_reserve()
    {
        _other.Chat = Upstreams.Answers("elsewhere");
        await using var gateway = await GatewayHost.StartAsync(redis.ConnectionString, Upstreams.Yaml(
            Upstreams.Deployments(WithReserve), "", ("one", _one.BaseUrl, "protocols: [messages]"), ("other", _other.BaseUrl, "")));
        using var client = gateway.Client();

        Assert.Contains("elsewhere", (await client.AskAsync(Seeded)).Body, StringComparison.Ordinal);
        Assert.Empty(_one.Requests);
    }

    [Fact]
    public async Task What_nobody_has_words_for_is_a_bad_request_with_its_field()
    {
        await using var gateway = await GatewayAsync(WithReserve, "protocols: [messages]");
        using var client = gateway.Client();

        var (response, body) = await client.AskAsync(Seeded);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        var error = JsonDocument.Parse(body).RootElement.GetProperty("error");
        Assert.Equal(("unsupported_by_provider", "seed"), (error.GetProperty("code").GetString(), error.GetProperty("param").GetString()));
    }

    [Fact]
    public async Task A_failure_counts_more_than_a_reserve_without_the_model()
    {
        _one.Chat = Upstreams.Fails(500);
        _other.Chat = Upstreams.Fails(404, body: """{"error":{"code":"model_not_found","message":"none"}}""");
        await using var gateway = await GatewayAsync(WithReserve, "maxRetries: 1");
        using var client = gateway.Client();

        Assert.Equal(500, (int)(await client.AskAsync(ChatCalls.Plain)).Response.StatusCode);
        Assert.Equal((2, 1), (_one.Requests.Count, _other.Requests.Count));
    }

    [Fact]
    public async Task Pain_12_a_long_stream_is_not_cut_but_one_that_does_not_begin_is()
    {
        _one.Chat = async http =>
        {
            http.Response.ContentType = "text/event-stream";
            for (var i = 0; i < 10; i++)
            {
                await http.Response.WriteAsync(ChatCalls.Chunk("x"), http.RequestAborted);
                await http.Response.Body.FlushAsync(http.RequestAborted);
                await Task.Delay(300, http.RequestAborted);
            }

            await http.Response.WriteAsync(ChatCalls.Done, http.RequestAborted);
        };
        await using var gateway = await GatewayAsync(Alone, "firstTokenTimeout: 1500ms, silenceTimeout: 1500ms");
        using var client = gateway.Client();
        var (_, whole) = await client.AskAsync(ChatCalls.Streamed);

        // Headers and signs of life are not a first token.
        _one.Chat = async http =>
        {
            http.Response.ContentType = "text/event-stream";
            while (true)
            {
                await http.Response.WriteAsync(": ping\n\n", http.RequestAborted);
                await http.Response.Body.FlushAsync(http.RequestAborted);
                await Task.Delay(100, http.RequestAborted);
            }
        };
        var (late, body) = await client.AskAsync(ChatCalls.Streamed);

        Assert.EndsWith(ChatCalls.Done, whole, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.GatewayTimeout, late.StatusCode);
        Assert.Equal("upstream_timeout", JsonDocument.Parse(body).RootElement.GetProperty("error").GetProperty("code").GetString());
        await Eventually.TrueAsync(() => Task.FromResult(_one.Aborted == 1), TimeSpan.FromSeconds(5), "the provider is told");
    }

    [Fact]
    public async Task A_slow_beginning_is_hedged_and_both_are_booked()
    {
        var name = $"hedged-{Guid.NewGuid():N}";
        _one.Chat = Upstreams.Answers("one");
        _other.Chat = Upstreams.Answers("other");
        await using var gateway = await GatewayHost.StartAsync(redis.ConnectionString, Upstreams.Yaml(
            Upstreams.Deployments(WithReserve) + ", hedge: { percentile: 90, atLeast: 200ms }", "", ("one", _one.BaseUrl, ""), ("other", _other.BaseUrl, ""))
            .Replace("mock-model", name, StringComparison.Ordinal));
        using var client = gateway.Client();
        var body = ChatCalls.Streamed.Replace("mock-model", name, StringComparison.Ordinal);
        for (var i = 0; i < 20; i++)
        {
            Assert.Contains("one", (await client.AskAsync(body)).Body, StringComparison.Ordinal);
        }

        _one.Chat = http => Task.Delay(Timeout.Infinite, http.RequestAborted);
        Assert.Contains("other", (await client.AskAsync(body)).Body, StringComparison.Ordinal);
        await Eventually.TrueAsync(() => Task.FromResult(_one.Aborted == 1), TimeSpan.FromSeconds(5), "who lost is stopped");

        // The usage of twenty and one answers, and what the loser may have read.
        await Eventually.TrueAsync(async () => await Books.OfModelAsync(client, name) is { } row && row["requests"] == 21
            && row["outputTokens"] == 21 * 5 && row["inputTokens"] == (21 * 11) + ((body.Length + 3) / 4) && row["estimated"] == 1, TimeSpan.FromSeconds(15), "both are booked");
    }
}
