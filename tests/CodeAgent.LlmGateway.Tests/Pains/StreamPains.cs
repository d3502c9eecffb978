using System.Net;
using System.Text;
using CodeAgent.LlmGateway.Tests.Support;
using CodeAgent.Testing.Redis;
using Microsoft.AspNetCore.Http;

namespace CodeAgent.LlmGateway.Tests.Pains;

public sealed class StreamPains(GarnetFixture redis)
{
    private Task<GatewayHost> GatewayAsync(MockUpstream one, MockUpstream? other = null, string options = "", string rest = "") => GatewayHost.StartAsync(
        redis.ConnectionString, Upstreams.Yaml(
            other is null ? Upstreams.Deployments("provider: one") : Upstreams.Deployments("provider: one", "provider: other, role: reserve"), rest,
            other is null ? [("one", one.BaseUrl, options)] : [("one", one.BaseUrl, options), ("other", other.BaseUrl, options)]));

    // The whole stream as far as it came; the server may break it off after an error.
    private static async Task<string> ReadAsync(HttpResponseMessage response)
    {
        using var seen = new MemoryStream();
        try
        {
            await response.Content.CopyToAsync(seen, TestContext.Current.CancellationToken);
        }
        catch (HttpRequestException)
        {
            // What came before is what counts here.
        }

        return Encoding.UTF8.GetString(seen.ToArray());
    }

    [Fact]
    public async Task Pain_04_comments_come_before_the_provider_says_anything_and_while_it_thinks()
    {
        var (answer, end) = (new TaskCompletionSource(), new TaskCompletionSource());
        await using var upstream = await MockUpstream.StartAsync();
        upstream.Chat = async http =>
        {
            await answer.Task.WaitAsync(http.RequestAborted);
            http.Response.ContentType = "text/event-stream";
            await http.Response.WriteAsync(ChatCalls.Chunk("thought"), http.RequestAborted);
            await http.Response.Body.FlushAsync(http.RequestAborted);
            await end.Task.WaitAsync(http.RequestAborted);
            await http.Response.WriteAsync(ChatCalls.Done, http.RequestAborted);
        };
        await using var gateway = await GatewayAsync(upstream, rest: "keepAliveInterval: 100ms");
        using var client = gateway.Client();

        using var response = await client.BeginAsync(ChatCalls.Streamed, cancellationToken: TestContext.Current.CancellationToken);
        await using var stream = await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken);
        using var reader = new StreamReader(stream);
        async Task<string?> LineAsync() => await reader.ReadLineAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);

        Assert.Equal((HttpStatusCode.OK, "text/event-stream"), (response.StatusCode, response.Content.Headers.ContentType?.MediaType));
        Assert.Equal([": keep-alive", "", ": keep-alive", ""], [await LineAsync(), await LineAsync(), await LineAsync(), await LineAsync()]);

        answer.SetResult();
        string? line;
        do
        {
            line = await LineAsync();
        }
        while (line is ": keep-alive" or "");
        Assert.Equal(ChatCalls.Chunk("thought").TrimEnd('\n'), line);
        Assert.Equal(["", ": keep-alive", ""], [await LineAsync(), await LineAsync(), await LineAsync()]);

        end.SetResult();
        var rest = await reader.ReadToEndAsync(TestContext.Current.CancellationToken);
        Assert.EndsWith("data: [DONE]\n\n", rest, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pain_04_a_failure_after_comments_is_told_within_the_stream()
    {
        await using var upstream = await MockUpstream.StartAsync();
        upstream.Chat = async http =>
        {
            await Task.Delay(600, http.RequestAborted);
            http.Response.StatusCode = 400;
            await http.Response.WriteAsync("""{"error":{"message":"too long","type":"invalid_request_error","code":"context_length_exceeded"}}""");
        };
        await using var gateway = await GatewayAsync(upstream, rest: "keepAliveInterval: 100ms");
        using var client = gateway.Client();

        using var response = await client.BeginAsync(ChatCalls.Streamed, cancellationToken: TestContext.Current.CancellationToken);
        var text = await ReadAsync(response);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.StartsWith(": keep-alive\n\n", text, StringComparison.Ordinal);
        Assert.Contains("context_length_exceeded", text, StringComparison.Ordinal);
        Assert.DoesNotContain("[DONE]", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pain_05_a_piece_is_passed_on_before_the_next_one_is_there_and_half_a_line_too()
    {
        using var more = new SemaphoreSlim(0);
        await using var upstream = await MockUpstream.StartAsync();
        var second = ChatCalls.Chunk("second");
        string[] pieces = [ChatCalls.Chunk("first"), second[..40], second[40..^1], second[^1..] + ChatCalls.Chunk("third")];
        upstream.Chat = async http =>
        {
            http.Response.ContentType = "text/event-stream";
            foreach (var piece in pieces)
            {
                await http.Response.WriteAsync(piece, http.RequestAborted);
                await http.Response.Body.FlushAsync(http.RequestAborted);
                await more.WaitAsync(http.RequestAborted);
            }

            await http.Response.WriteAsync(ChatCalls.Done, http.RequestAborted);
        };
        await using var gateway = await GatewayAsync(upstream);

        // Whoever does not ask what was used gets whole lines: one of them may have to stay here.
        var asked = ChatCalls.Streamed.Replace("\"stream\":true", "\"stream\":true,\"stream_options\":{\"include_usage\":true}", StringComparison.Ordinal);
        using var client = gateway.Client();

        using var response = await client.BeginAsync(asked, cancellationToken: TestContext.Current.CancellationToken);
        await using var stream = await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken);
        var buffer = new byte[8192];
        foreach (var piece in pieces)
        {
            var read = await stream.ReadAtLeastAsync(buffer.AsMemory(0, piece.Length), piece.Length, cancellationToken: TestContext.Current.CancellationToken)
                .AsTask().WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
            Assert.Equal(piece, Encoding.UTF8.GetString(buffer, 0, read));
            more.Release();
        }
    }

    [Theory]
    [InlineData("""{"id":"x","model":"\ud800","choices":[{"index":0,"delta":{"content":"half"}}]}""")]
    [InlineData("""{"id":"x","error":{"message":"\ud800","code":"\ud800"}}""")]
    public async Task Pain_07_text_that_is_none_is_an_error_and_leaves_nobody_waiting(string data)
    {
        await using var upstream = await MockUpstream.StartAsync();
        upstream.Chat = http =>
        {
            http.Response.ContentType = "text/event-stream";
            return http.Response.WriteAsync($"data: {data}\n\n{ChatCalls.Done}");
        };
        await using var gateway = await GatewayAsync(upstream, rest: "keepAliveInterval: 100ms", options: "maxRetries: 0");
        using var client = gateway.Client();

        var (response, body) = await client.AskAsync(ChatCalls.Streamed);

        Assert.True((int)response.StatusCode is 502 or 500 || body.Contains("\"error\"", StringComparison.Ordinal), $"{response.StatusCode}: {body}");
    }

    [Theory]
    [InlineData("""{"error":{"message":"overloaded","type":"server_error"}}""")]
    [InlineData("""{"choices":[{"index":0,"delta":{"content":"half"},"finish_reason":null}]}""")]
    public async Task Pain_07_a_stream_of_status_200_that_is_no_answer_is_an_error(string data)
    {
        await using var upstream = await MockUpstream.StartAsync();
        upstream.Chat = http =>
        {
            http.Response.ContentType = "text/event-stream";
            return http.Response.WriteAsync($"data: {data}\n\n");
        };
        await using var gateway = await GatewayAsync(upstream, options: "maxRetries: 0");
        using var client = gateway.Client();

        using var response = await client.BeginAsync(ChatCalls.Streamed, cancellationToken: TestContext.Current.CancellationToken);
        var text = await ReadAsync(response);

        Assert.Contains("\"error\"", text, StringComparison.Ordinal);
        Assert.DoesNotContain("[DONE]", text, StringComparison.Ordinal);
        Assert.Equal(data.Contains("half", StringComparison.Ordinal), response.StatusCode == HttpStatusCode.OK);
    }

    [Theory]
    [InlineData("{\"choices\":[{\"index\":0,\"message\":{\"content\":\"hal")]
    [InlineData("{\"error\":{\"message\":\"overloaded\"}}")]
    [InlineData("{}")]
    [InlineData("<html>")]
    public async Task Pain_07_an_answer_of_status_200_that_is_none_is_an_error(string answer)
    {
        await using var upstream = await MockUpstream.StartAsync();
        upstream.Chat = http =>
        {
            http.Response.ContentType = "application/json";
            return http.Response.WriteAsync(answer);
        };
        await using var gateway = await GatewayAsync(upstream, options: "maxRetries: 0");
        using var client = gateway.Client();

        var (response, _) = await client.AskAsync(ChatCalls.Plain);

        Assert.InRange((int)response.StatusCode, 500, 599);
    }

    public static TheoryData<string> BeforeContent { get; } =
    [
        "",
        "data: {\"id\":\"x\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n",
        "data: {\"error\":{\"message\":\"overloaded\"}}\n\n",
        ": a comment\n\n",
    ];

    [Theory]
    [MemberData(nameof(BeforeContent))]
    public async Task Pain_08_before_the_first_content_the_next_deployment_answers_and_nothing_of_the_first_is_seen(string begin)
    {
        await using var one = await MockUpstream.StartAsync();
        await using var other = await MockUpstream.StartAsync();
        one.Chat = Upstreams.BreaksOff(begin);
        other.Chat = Upstreams.Answers("whole");
        await using var gateway = await GatewayAsync(one, other, "maxRetries: 0");
        using var client = gateway.Client();

        var (response, body) = await client.AskAsync(ChatCalls.Streamed);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(ChatCalls.Chunk("whole") + ChatCalls.Done, body);
        Assert.Equal((1, 1), (one.Requests.Count, other.Requests.Count));
    }

    [Fact]
    public async Task Pain_08_fallback_after_content_never_doubles_it()
    {
        await using var one = await MockUpstream.StartAsync();
        await using var other = await MockUpstream.StartAsync();
        one.Chat = Upstreams.BreaksOff(ChatCalls.Chunk("half"));
        other.Chat = Upstreams.Answers("whole");
        await using var gateway = await GatewayAsync(one, other);
        using var client = gateway.Client();

        using var response = await client.BeginAsync(ChatCalls.Streamed, cancellationToken: TestContext.Current.CancellationToken);
        var text = await ReadAsync(response);

        Assert.StartsWith(ChatCalls.Chunk("half"), text, StringComparison.Ordinal);
        Assert.Contains("upstream_broken", text, StringComparison.Ordinal);
        Assert.DoesNotContain("whole", text, StringComparison.Ordinal);
        Assert.Empty(other.Requests);
    }
}
