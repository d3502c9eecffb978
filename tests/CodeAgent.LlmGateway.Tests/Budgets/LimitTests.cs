using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using CodeAgent.LlmGateway.Tests.Support;
using CodeAgent.ServiceDefaults.Identity;
using CodeAgent.ServiceDefaults.Redis;
using CodeAgent.Testing;
using CodeAgent.Testing.Redis;
using Microsoft.AspNetCore.Http;

namespace CodeAgent.LlmGateway.Tests.Budgets;

public sealed class LimitTests(GarnetFixture redis) : IAsyncLifetime
{
    private MockUpstream _upstream = null!;
    private GatewayHost _gateway = null!;

    public async ValueTask InitializeAsync()
    {
        _upstream = await MockUpstream.StartAsync();
        _upstream.Chat = http =>
        {
            http.Response.Headers["x-ratelimit-remaining-requests"] = "4711";
            return http.Response.WriteAsync(ChatCalls.Answer);
        };
        _gateway = await GatewayHost.StartAsync(redis.ConnectionString, _upstream, rest: "limits: { tenants: { acme: { requestsPerDay: 3 } } }");
    }

    public async ValueTask DisposeAsync()
    {
        await _gateway.DisposeAsync();
        await _upstream.DisposeAsync();
    }

    private static string? Header(HttpResponseMessage response, string name) => response.Headers.TryGetValues(name, out var values) ? values.Single() : null;

    // Two requests at the turn of a minute would be one in each.
    private static Task WithinOneMinuteAsync() => Eventually.TrueAsync(() => Task.FromResult(TimeProvider.System.GetUtcNow().Second < 50), TimeSpan.FromSeconds(20), "the minute goes on for a while");

    private static string Code(string body) => JsonDocument.Parse(body).RootElement.GetProperty("error").GetProperty("code").GetString()!;

    [Fact]
    public async Task A_caller_is_told_of_its_own_limits_in_OpenAIs_headers()
    {
        var (_, secret) = await GatewayKeys.LimitedAsync(redis.Client, new() { RequestsPerMinute = 5, RequestsPerDay = 100, TokensPerDay = 100_000 });
        using var client = _gateway.Client(secret);

        var (response, _) = await client.AskAsync(ChatCalls.Plain);

        Assert.Equal(("5", "4"), (Header(response, "x-ratelimit-limit-requests"), Header(response, "x-ratelimit-remaining-requests")));
        Assert.Matches("^([1-5]?[0-9]s|1m0s|[0-9]+ms)$", Header(response, "x-ratelimit-reset-requests"));
        Assert.Equal("100000", Header(response, "x-ratelimit-limit-tokens"));
        Assert.InRange(int.Parse(Header(response, "x-ratelimit-remaining-tokens")!, CultureInfo.InvariantCulture), 95_000, 99_999);
        Assert.Matches("^([0-9]+h)?([0-9]+m)?[0-9]+s$", Header(response, "x-ratelimit-reset-tokens"));
    }

    [Fact]
    public async Task A_caller_without_limits_is_told_of_the_providers()
    {
        using var client = _gateway.Client();

        var (response, _) = await client.AskAsync(ChatCalls.Plain);

        Assert.Equal("4711", Header(response, "x-ratelimit-remaining-requests"));
    }

    [Fact]
    public async Task In_Anthropics_protocol_the_headers_are_Anthropics_and_a_refusal_is_too()
    {
        await WithinOneMinuteAsync();
        var (_, secret) = await GatewayKeys.LimitedAsync(redis.Client, new() { RequestsPerMinute = 1, TokensPerDay = 100_000 });
        using var client = _gateway.Client(secret);
        var ask = () => client.PostAsJsonAsync("/v1/messages",
            new { model = "mock-model", max_tokens = 100, messages = new[] { new { role = "user", content = "hi" } } }, TestContext.Current.CancellationToken);

        using var first = await ask();
        using var second = await ask();
        var (response, body) = second.StatusCode == HttpStatusCode.TooManyRequests ? (second, await second.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)) : default;

        Assert.Equal(("1", "0"), (Header(first, "anthropic-ratelimit-requests-limit"), Header(first, "anthropic-ratelimit-requests-remaining")));
        Assert.Matches("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z$", Header(first, "anthropic-ratelimit-requests-reset"));
        Assert.All(["tokens", "input-tokens", "output-tokens"], name => Assert.Equal("100000", Header(first, $"anthropic-ratelimit-{name}-limit")));
        Assert.Equal("rate_limit_error", JsonDocument.Parse(body).RootElement.GetProperty("error").GetProperty("type").GetString());
        Assert.NotNull(response.Headers.RetryAfter);
    }

    [Fact]
    public async Task A_limit_that_begins_anew_soon_says_when()
    {
        await WithinOneMinuteAsync();
        var (_, secret) = await GatewayKeys.LimitedAsync(redis.Client, new() { RequestsPerMinute = 1 });
        using var client = _gateway.Client(secret);
        await client.AskAsync(ChatCalls.Plain);

        var (refused, body) = await client.AskAsync(ChatCalls.Plain);

        Assert.Equal(HttpStatusCode.TooManyRequests, refused.StatusCode);
        Assert.Equal("rate_limit_exceeded", Code(body));
        Assert.Contains("requestsPerMinute of this key is reached: 1 requests of 1 requests", body, StringComparison.Ordinal);
        Assert.InRange(refused.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 1, 60);
        Assert.InRange(int.Parse(Header(refused, "retry-after-ms")!, CultureInfo.InvariantCulture), 1, 60_000);
        Assert.Equal(("true", "0"), (Header(refused, "x-should-retry"), Header(refused, "x-ratelimit-remaining-requests")));
        Assert.Single(_upstream.Requests);
    }

    [Theory]
    [InlineData("usd")]
    [InlineData("usdPerDay")]
    [InlineData("tokens")]
    public async Task A_limit_that_is_spent_is_not_to_be_asked_again(string limit)
    {
        // A request and its answer of 1000 tokens: about 1020 tokens, and 0.008 dollars.
        const string Body = """{"model":"mock-model","max_tokens":1000,"messages":[{"role":"user","content":"hi"}]}""";
        var (_, secret) = await GatewayKeys.LimitedAsync(redis.Client, limit switch
        {
            "usd" => new() { Usd = 0.0081m },
            "usdPerDay" => new() { UsdPerDay = 0.0081m },
            _ => new() { Tokens = 1030 },
        });
        using var client = _gateway.Client(secret);
        List<(HttpResponseMessage Response, string Body)> answers = [];
        while (answers.Count < 10 && answers.All(answer => answer.Response.IsSuccessStatusCode))
        {
            answers.Add(await client.AskAsync(Body));
        }

        var (refused, body) = answers[^1];

        // What the first answers did not use was given back, so there were some.
        Assert.InRange(answers.Count, 2, 9);
        Assert.Equal((HttpStatusCode.TooManyRequests, "insufficient_quota", "false"), (refused.StatusCode, Code(body), Header(refused, "x-should-retry")));
        Assert.Contains($"The limit {limit} of this key is reached", body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_request_that_no_window_has_room_for_is_told_so_rather_than_to_wait()
    {
        var (_, secret) = await GatewayKeys.LimitedAsync(redis.Client, new() { TokensPerMinute = 500 });
        using var client = _gateway.Client(secret);

        var (refused, body) = await client.AskAsync("""{"model":"mock-model","max_tokens":1000,"messages":[]}""");

        Assert.Equal((HttpStatusCode.TooManyRequests, "request_exceeds_limit", "false"), (refused.StatusCode, Code(body), Header(refused, "x-should-retry")));
        Assert.Null(refused.Headers.RetryAfter);
    }

    [Fact]
    public async Task Pain_15_200_at_once_that_may_use_a_tenth_of_a_budget_each_do_not_pass_it()
    {
        const string Body = """{"model":"mock-model","max_tokens":1000,"messages":[{"role":"user","content":"hi"}]}""";
        _upstream.Chat = async http =>
        {
            await Task.Delay(100);
            await http.Response.WriteAsync(ChatCalls.Answer.Replace("\"completion_tokens\":5", "\"completion_tokens\":1000", StringComparison.Ordinal));
        };
        var (key, secret) = await GatewayKeys.LimitedAsync(redis.Client, new() { UsdPerDay = 0.0805m });
        using var client = _gateway.Client(secret);
        var answers = await Task.WhenAll(Enumerable.Range(0, 200).Select(_ => client.AskAsync(Body)));

        using var admin = _gateway.Client();
        var row = await admin.BooksAsync("key", key.Id, answers.Count(answer => answer.Response.IsSuccessStatusCode));

        // 0.008022 each.
        Assert.InRange(row.Usd(), 0.07m, 0.0805m);
    }

    [Fact]
    public async Task Pain_15_200_at_once_that_do_not_say_how_long_their_answers_may_be_pass_a_budget_by_one_of_them_at_most()
    {
        _upstream.Chat = async http =>
        {
            await Task.Delay(100);
            await http.Response.WriteAsync(ChatCalls.Answer.Replace("\"completion_tokens\":5", "\"completion_tokens\":4000", StringComparison.Ordinal));
        };
        var (key, secret) = await GatewayKeys.LimitedAsync(redis.Client, new() { TokensPerDay = 20_000 });
        using var client = _gateway.Client(secret);
        var answers = await Task.WhenAll(Enumerable.Range(0, 200).Select(_ => client.AskAsync(ChatCalls.Plain)));

        using var admin = _gateway.Client();
        var row = await admin.BooksAsync("key", key.Id, answers.Count(answer => answer.Response.IsSuccessStatusCode));

        // 4,011 each.
        Assert.InRange(row.Count("inputTokens") + row.Count("outputTokens"), 16_000, 20_000 + 4011);
    }

    [Fact]
    public async Task The_keys_of_a_tenant_share_its_limits()
    {
        var (_, one) = await GatewayKeys.MakeAsync(redis.Client, key => key with { Tenant = "acme" });
        var (_, two) = await GatewayKeys.MakeAsync(redis.Client, key => key with { Tenant = "acme" });
        using var first = _gateway.Client(one);
        using var second = _gateway.Client(two);

        List<HttpStatusCode> statuses = [];
        for (var i = 0; i < 4; i++)
        {
            statuses.Add((await (i % 2 == 0 ? first : second).AskAsync(ChatCalls.Plain)).Response.StatusCode);
        }

        Assert.Equal([HttpStatusCode.OK, HttpStatusCode.OK, HttpStatusCode.OK, HttpStatusCode.TooManyRequests], statuses);
    }

    [Fact]
    public async Task A_task_has_the_limits_that_it_was_submitted_with()
    {
        var (task, token) = await Tasks.LeaseAsync(redis.Client);
        await redis.Client.GetDatabase().HashSetAsync(RedisKeys.Task(task), "request", """{"prompt":"x","limits":{"minutes":30,"turns":50,"tokens":60,"costUsd":2.0}}""");
        using var client = _gateway.Client(token);

        List<HttpStatusCode> statuses = [];
        for (var i = 0; i < 4; i++)
        {
            statuses.Add((await client.AskAsync(ChatCalls.Plain)).Response.StatusCode);
        }

        // Some 17 tokens are needed for what is asked; 16 were used each time.
        Assert.Equal([HttpStatusCode.OK, HttpStatusCode.OK, HttpStatusCode.OK, HttpStatusCode.TooManyRequests], statuses);
    }

    [Fact]
    public async Task A_task_that_may_spend_nothing_gets_models_that_cost_nothing()
    {
        var (task, token) = await Tasks.LeaseAsync(redis.Client);
        await redis.Client.GetDatabase().HashSetAsync(RedisKeys.Task(task), "request", """{"limits":{"tokens":100000,"costUsd":0}}""");
        using var client = _gateway.Client(token);

        Assert.Equal(HttpStatusCode.TooManyRequests, (await client.AskAsync(ChatCalls.Plain)).Response.StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await client.AskAsync("""{"model":"mock/free","messages":[]}""")).Response.StatusCode);
    }

    [Fact]
    public async Task New_limits_of_the_configuration_hold_without_a_restart()
    {
        var (_, secret) = await GatewayKeys.MakeAsync(redis.Client);
        using var client = _gateway.Client(secret);
        await client.AskAsync(ChatCalls.Plain);

        await File.WriteAllTextAsync(_gateway.ConfigPath, GatewayHost.YamlFor(_upstream.BaseUrl, rest: "limits: { key: { requestsPerDay: 1 } }"), TestContext.Current.CancellationToken);
        await Eventually.TrueAsync(() => Task.FromResult(_gateway.Logs.GetSnapshot().Any(line => line.Message.Contains("in force now", StringComparison.Ordinal))), TimeSpan.FromSeconds(10), "the configuration is reloaded");

        Assert.Equal(HttpStatusCode.OK, (await client.AskAsync(ChatCalls.Plain)).Response.StatusCode);
        Assert.Equal(HttpStatusCode.TooManyRequests, (await client.AskAsync(ChatCalls.Plain)).Response.StatusCode);
    }

    [Fact]
    public void Limits_of_a_key_that_can_do_nothing_are_named() => Assert.Equal(
        ["requestsPerMinute", "tokensPerDay", "usd", "usdPerDay"],
        new CallLimits { RequestsPerMinute = 0, TokensPerMinute = 1, TokensPerDay = 1440, Usd = -1, UsdPerDay = 5 }.Problems().Select(problem => problem.Field).Order(StringComparer.Ordinal));
}
