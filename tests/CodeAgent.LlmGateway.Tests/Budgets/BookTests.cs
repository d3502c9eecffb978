using System.Net;
using CodeAgent.LlmGateway.Tests.Support;
using CodeAgent.Testing;
using CodeAgent.Testing.Redis;
using Microsoft.AspNetCore.Http;

namespace CodeAgent.LlmGateway.Tests.Budgets;

public sealed class BookTests(GarnetFixture redis)
{
    private static string Usage(string details) => $$$"""{"prompt_tokens":1000,"completion_tokens":100,{{{details}}}}""";

    [Fact]
    public async Task Pain_14_what_a_stream_used_is_booked_to_the_token()
    {
        await using var upstream = await MockUpstream.StartAsync();
        upstream.Chat = http => Stream(http, ChatCalls.Chunk("yes") + ChatCalls.UsageChunk + ChatCalls.Done);
        await using var gateway = await GatewayHost.StartAsync(redis.ConnectionString, upstream);
        using var admin = gateway.Client();
        var (key, secret) = await GatewayKeys.MakeAsync(redis.Client);
        using var client = gateway.Client(secret);

        await client.AskAsync(ChatCalls.Streamed);
        await client.AskAsync(ChatCalls.Streamed);
        var row = await admin.BooksAsync("key", key.Id, 2);

        // 11 and 5 tokens at 2 and 8 dollars a million, twice.
        Assert.Equal((22L, 10L, 0.000124m, 0L, "test"), (row.Count("inputTokens"), row.Count("outputTokens"), row.Usd(), row.Count("estimated"), row.GetProperty("keyName").GetString()));
    }

    [Fact]
    public async Task Pain_14_a_stream_whose_provider_does_not_say_what_it_used_costs_what_it_seems_to_have_used_and_is_marked()
    {
        await using var upstream = await MockUpstream.StartAsync();
        upstream.Chat = http => Stream(http, ChatCalls.Chunk(new string('x', 400)) + ChatCalls.Done);
        await using var gateway = await GatewayHost.StartAsync(redis.ConnectionString, upstream);
        using var admin = gateway.Client();
        var (key, secret) = await GatewayKeys.LimitedAsync(redis.Client, new() { Usd = 0.0009m });
        using var client = gateway.Client(secret);

        await client.AskAsync(ChatCalls.Streamed);
        var row = await admin.BooksAsync("key", key.Id);
        var (refused, _) = await client.AskAsync(ChatCalls.Streamed);

        Assert.Equal(1, row.Count("estimated"));
        Assert.InRange(row.Count("outputTokens"), 100, 110);
        Assert.True(row.Usd() > 0.0008m);
        Assert.Equal(HttpStatusCode.OK, refused.StatusCode);
        Assert.Equal(HttpStatusCode.TooManyRequests, (await client.AskAsync(ChatCalls.Streamed)).Response.StatusCode);
    }

    [Theory]
    [InlineData("\"prompt_tokens_details\":{\"cached_tokens\":900}", "0.00127")]
    [InlineData("\"prompt_tokens_details\":{\"cached_tokens\":0},\"completion_tokens_details\":{\"reasoning_tokens\":60}", "0.00304")]
    public async Task Cached_and_reasoning_tokens_cost_what_they_cost(string details, string usd)
    {
        await using var upstream = await MockUpstream.StartAsync();
        upstream.Chat = http => http.Response.WriteAsync($$"""{"id":"x","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"yes"},"finish_reason":"stop"}],"usage":{{Usage(details)}}}""");
        await using var gateway = await GatewayHost.StartAsync(redis.ConnectionString, $$"""
            providers:
              mock: { kind: openai, baseUrl: "{{upstream.BaseUrl}}" }
            models:
              mock-model: { provider: mock, pricing: { inputPerMillion: 2, cachedInputPerMillion: 0.3, outputPerMillion: 8, reasoningPerMillion: 12 } }
            default: [mock-model]
            """);
        using var admin = gateway.Client();
        var (key, secret) = await GatewayKeys.MakeAsync(redis.Client);
        using var client = gateway.Client(secret);

        await client.AskAsync(ChatCalls.Plain);

        Assert.Equal(decimal.Parse(usd, System.Globalization.CultureInfo.InvariantCulture), (await admin.BooksAsync("key", key.Id)).Usd());
    }

    [Fact]
    public async Task A_task_and_its_model_have_their_books_too_and_errors_and_repetitions_are_told_apart()
    {
        var (upstream, model) = (await MockUpstream.StartAsync(), $"m-{Guid.NewGuid():N}");
        await using var _ = upstream;
        upstream.Chat = http => http.Response.WriteAsync(ChatCalls.Answer);
        await using var gateway = await GatewayHost.StartAsync(redis.ConnectionString, $$"""
            providers:
              mock: { kind: openai, baseUrl: "{{upstream.BaseUrl}}", maxRetries: 0 }
            models:
              {{model}}: { provider: mock, pricing: { inputPerMillion: 2, outputPerMillion: 8 } }
            default: [{{model}}]
            """);
        using var admin = gateway.Client();
        var (task, token) = await Tasks.LeaseAsync(redis.Client);
        using var client = gateway.Client(token);
        var body = ChatCalls.Plain.Replace("mock-model", model, StringComparison.Ordinal);

        await client.AskAsync(body, "turn");
        await client.AskAsync(body, "turn");
        upstream.Chat = http =>
        {
            http.Response.StatusCode = 400;
            return http.Response.WriteAsync("{}");
        };
        await client.AskAsync(body);

        foreach (var row in new[] { await admin.BooksAsync("task", task.ToString(), 3), await admin.BooksAsync("model", model, 3) })
        {
            Assert.Equal((3L, 1L, 1L, 11L, 3L, 5L, 0.000062m), (row.Count("requests"), row.Count("errors"), row.Count("repeated"), row.Count("inputTokens"),
                row.Count("cachedInputTokens"), row.Count("outputTokens"), row.Usd()));
        }
    }

    [Fact]
    public async Task What_is_not_booked_yet_when_the_gateway_stops_is_booked_before_it_is_gone()
    {
        await using var upstream = await MockUpstream.StartAsync();
        upstream.Chat = http => http.Response.WriteAsync(ChatCalls.Answer);
        await using var other = await GatewayHost.StartAsync(redis.ConnectionString, upstream);
        var (key, secret) = await GatewayKeys.MakeAsync(redis.Client);
        await using (var gateway = await GatewayHost.StartAsync(redis.ConnectionString, upstream))
        {
            using var client = gateway.Client(secret);
            await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => client.AskAsync(ChatCalls.Plain)));
        }

        using var admin = other.Client();
        Assert.Equal(550, (await admin.BooksAsync("key", key.Id, 50)).Count("inputTokens"));
    }

    [Fact]
    public async Task What_was_used_while_Redis_was_away_is_booked_when_it_is_back()
    {
        var port = FreePort.Next();
        await using var upstream = await MockUpstream.StartAsync();
        var (reached, go) = (new TaskCompletionSource(), new TaskCompletionSource());
        upstream.Chat = async http =>
        {
            reached.TrySetResult();
            await go.Task;
            await http.Response.WriteAsync(ChatCalls.Answer);
        };
        var before = Start(port);
        await using var gateway = await GatewayHost.StartAsync($"127.0.0.1:{port},abortConnect=false,asyncTimeout=500,syncTimeout=500", upstream);
        using var admin = gateway.Client();

        var asking = admin.AskAsync(ChatCalls.Plain);
        await reached.Task.WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);
        before.Dispose();
        go.SetResult();
        Assert.Equal(HttpStatusCode.OK, (await asking).Response.StatusCode);
        await Eventually.TrueAsync(() => Task.FromResult(gateway.Logs.GetSnapshot().Any(line => line.Message.StartsWith("What requests used cannot be booked", StringComparison.Ordinal))),
            TimeSpan.FromSeconds(10), "it is known that Redis is away");
        using var after = Start(port);
        await Eventually.TrueAsync(async () =>
        {
            using var health = await admin.GetAsync("/health", TestContext.Current.CancellationToken);
            return health.IsSuccessStatusCode;
        }, TimeSpan.FromSeconds(20), "Redis is back");

        var row = await admin.BooksAsync("key", "development");
        Assert.Equal((1L, 11L), (row.Count("requests"), row.Count("inputTokens")));
    }

    private static Garnet.GarnetServer Start(int port)
    {
        var server = new Garnet.GarnetServer(["--bind", "127.0.0.1", "--port", $"{port}", "--lua", "true", "--lua-transaction-mode", "true"]);
        server.Start();
        return server;
    }

    private static Task Stream(HttpContext http, string body)
    {
        http.Response.ContentType = "text/event-stream";
        return http.Response.WriteAsync(body);
    }
}
