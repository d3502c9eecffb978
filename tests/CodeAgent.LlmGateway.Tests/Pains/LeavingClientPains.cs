using System.Net.Http.Json;
using System.Text.Json;
using CodeAgent.LlmGateway.Tests.Support;
using CodeAgent.Testing;
using CodeAgent.Testing.Redis;
using Microsoft.AspNetCore.Http;

namespace CodeAgent.LlmGateway.Tests.Pains;

public sealed class LeavingClientPains(GarnetFixture redis)
{
    private static readonly TimeSpan AtOnce = TimeSpan.FromSeconds(5);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Pain_01_the_provider_is_stopped_when_the_client_leaves(bool isStream)
    {
        var begun = new TaskCompletionSource();
        await using var upstream = await MockUpstream.StartAsync();
        upstream.Chat = async http =>
        {
            http.Response.ContentType = isStream ? "text/event-stream" : "application/json";
            await http.Response.WriteAsync(isStream ? ChatCalls.Chunk("a") : "{", http.RequestAborted);
            await http.Response.Body.FlushAsync(http.RequestAborted);
            begun.TrySetResult();
            await Task.Delay(Timeout.Infinite, http.RequestAborted);
        };
        await using var gateway = await GatewayHost.StartAsync(redis.ConnectionString, upstream);
        using var client = gateway.Client();
        using var leave = new CancellationTokenSource();

        var asking = client.BeginAsync(isStream ? ChatCalls.Streamed : ChatCalls.Plain, cancellationToken: leave.Token);
        await begun.Task.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
        if (isStream)
        {
            (await asking).Dispose();
        }

        await leave.CancelAsync();

        await Eventually.TrueAsync(() => Task.FromResult(upstream.Aborted == 1), AtOnce, "the provider is told");
    }

    [Fact]
    public async Task Pain_01_on_a_hedged_route_the_provider_is_stopped_too()
    {
        await using var one = await MockUpstream.StartAsync();
        await using var other = await MockUpstream.StartAsync();
        one.Chat = Upstreams.Answers("one");
        await using var gateway = await GatewayHost.StartAsync(redis.ConnectionString, Upstreams.Yaml(
            Upstreams.Deployments("provider: one", "provider: other, role: reserve") + ", hedge: { percentile: 90, atLeast: 20s }", "", ("one", one.BaseUrl, ""), ("other", other.BaseUrl, "")));
        using var client = gateway.Client();
        for (var i = 0; i < 20; i++)
        {
            await client.AskAsync(ChatCalls.Streamed);
        }

        one.Chat = async http =>
        {
            http.Response.ContentType = "text/event-stream";
            await http.Response.WriteAsync(ChatCalls.Chunk("a"), http.RequestAborted);
            await http.Response.Body.FlushAsync(http.RequestAborted);
            await Task.Delay(Timeout.Infinite, http.RequestAborted);
        };
        (await client.BeginAsync(ChatCalls.Streamed, cancellationToken: TestContext.Current.CancellationToken)).Dispose();

        await Eventually.TrueAsync(() => Task.FromResult(one.Aborted == 1), AtOnce, "the provider is told");
    }

    [Fact]
    public async Task Pain_02_many_that_leave_before_the_first_token_leave_nothing_behind()
    {
        const int Clients = 50;
        var waiting = 0;
        await using var upstream = await MockUpstream.StartAsync();
        upstream.Chat = http =>
        {
            Interlocked.Increment(ref waiting);
            return Task.Delay(Timeout.Infinite, http.RequestAborted);
        };
        await using var gateway = await GatewayHost.StartAsync(redis.ConnectionString, upstream);
        using var client = gateway.Client();
        using var leave = new CancellationTokenSource();

        var asking = Enumerable.Range(0, Clients).Select(i => client.BeginAsync(i % 2 == 0 ? ChatCalls.Streamed : ChatCalls.Plain, cancellationToken: leave.Token)).ToArray();
        await Eventually.TrueAsync(() => Task.FromResult(waiting == Clients), TimeSpan.FromSeconds(30), "all wait at the provider");
        await leave.CancelAsync();

        await Eventually.TrueAsync(() => Task.FromResult(upstream.Aborted == Clients), TimeSpan.FromSeconds(10), "the provider is rid of all of them");
        Assert.All(await Task.WhenAll(asking.Select(async one => await Record.ExceptionAsync(() => one))), e => Assert.IsAssignableFrom<OperationCanceledException>(e));
        upstream.Chat = Upstreams.Answers("still here");
        Assert.Contains("still here", (await client.AskAsync(ChatCalls.Plain)).Body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Pain_03_what_was_used_until_a_client_left_is_booked(bool hasContent)
    {
        var begun = new TaskCompletionSource();
        await using var upstream = await MockUpstream.StartAsync();
        upstream.Chat = async http =>
        {
            http.Response.ContentType = "text/event-stream";
            if (hasContent)
            {
                await http.Response.WriteAsync(ChatCalls.Chunk(new string('x', 400)), http.RequestAborted);
                await http.Response.Body.FlushAsync(http.RequestAborted);
            }

            begun.TrySetResult();
            await Task.Delay(Timeout.Infinite, http.RequestAborted);
        };
        var name = $"left-{Guid.NewGuid():N}";
        await using var gateway = await GatewayHost.StartAsync(redis.ConnectionString, Upstreams.Yaml(
            Upstreams.Deployments("provider: one"), "", ("one", upstream.BaseUrl, "")).Replace("mock-model", name, StringComparison.Ordinal));
        using var client = gateway.Client();
        var body = ChatCalls.Streamed.Replace("mock-model", name, StringComparison.Ordinal);
        using var leave = new CancellationTokenSource();

        var asking = client.BeginAsync(body, cancellationToken: leave.Token);
        await begun.Task.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
        if (hasContent)
        {
            (await asking).Dispose();
        }

        await leave.CancelAsync();

        // A token for each four bytes: what nobody said exactly is booked as an estimate, and not as nothing.
        var row = await Eventually.GetAsync(async () => await Books.OfModelAsync(client, name), TimeSpan.FromSeconds(15), "the request is in the books");
        Assert.Equal((1, 1), (row.GetProperty("requests").GetInt64(), row.GetProperty("estimated").GetInt64()));
        Assert.Equal((body.Length + 3) / 4, row.GetProperty("inputTokens").GetInt64());
        Assert.Equal(hasContent ? 100 : 0, row.GetProperty("outputTokens").GetInt64());
    }

    [Fact]
    public async Task Pain_03_a_picture_is_not_booked_as_text_when_its_sender_leaves()
    {
        var begun = new TaskCompletionSource();
        await using var upstream = await MockUpstream.StartAsync();
        upstream.Chat = http =>
        {
            begun.TrySetResult();
            return Task.Delay(Timeout.Infinite, http.RequestAborted);
        };
        var name = $"left-{Guid.NewGuid():N}";
        await using var gateway = await GatewayHost.StartAsync(redis.ConnectionString, Upstreams.Yaml(
            Upstreams.Deployments("provider: one"), "", ("one", upstream.BaseUrl, "")).Replace("mock-model", name, StringComparison.Ordinal));
        using var client = gateway.Client();
        using var leave = new CancellationTokenSource();
        var picture = $$$"""{"model":"{{{name}}}","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,{{{new string('A', 400_000)}}}"}}]}]}""";

        var asking = client.BeginAsync(picture, cancellationToken: leave.Token);
        await begun.Task.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
        await leave.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking);

        var row = await Eventually.GetAsync(async () => await Books.OfModelAsync(client, name), TimeSpan.FromSeconds(15), "the request is in the books");
        Assert.InRange(row["inputTokens"], 1000, 5000);
    }
}

/// <summary>The gateway's books.</summary>
internal static class Books
{
    /// <summary>What is booked for a model; null while nothing is.</summary>
    public static async Task<BookRow?> OfModelAsync(HttpClient client, string model)
    {
        var books = await client.GetFromJsonAsync<JsonElement>("/admin/usage?by=model", TestContext.Current.CancellationToken);
        foreach (var row in books.GetProperty("items").EnumerateArray())
        {
            if (row.GetProperty("name").GetString() == model)
            {
                return new(row);
            }
        }

        return null;
    }
}

internal sealed record BookRow(JsonElement Json)
{
    public JsonElement GetProperty(string name) => Json.GetProperty(name);

    public long this[string name] => Json.GetProperty(name).GetInt64();
}
