using System.Net;
using System.Text;
using CodeAgent.LlmGateway.Tests.Support;
using CodeAgent.Testing.Redis;
using Microsoft.AspNetCore.Http;

namespace CodeAgent.LlmGateway.Tests.Calls;

/// <summary>Answers that only their translation shows to be none: their provider's status is 200, and their form is whole.</summary>
public sealed class TranslatedFailureTests(GarnetFixture redis)
{
    private const string Half = """{"candidates":[{"content":{"parts":[{"text":"half"}],"role":"model"},"index":0}],"modelVersion":"g","responseId":"r1"}""";
    private const string Other = """{"candidates":[{"content":{"parts":[{"text":"half"}],"role":"model"},"finishReason":"OTHER","index":0}],"usageMetadata":{"promptTokenCount":5,"candidatesTokenCount":2},"modelVersion":"g","responseId":"r1"}""";
    private const string Code = """{"candidates":[{"content":{"parts":[{"executableCode":{"language":"PYTHON","code":"1"}}],"role":"model"},"finishReason":"STOP","index":0}],"usageMetadata":{"promptTokenCount":5,"candidatesTokenCount":2},"modelVersion":"g","responseId":"r1"}""";
    private const string Searched = """{"id":"msg_1","type":"message","role":"assistant","model":"c","content":[{"type":"server_tool_use","id":"s1","name":"web_search","input":{}}],"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":4,"output_tokens":2}}""";

    private static string Stream(params string[] events) => string.Concat(events.Select(data => $"data: {data}\r\n\r\n"));

    private static MockUpstream Says(MockUpstream upstream, string body)
    {
        upstream.Chat = http =>
        {
            http.Response.ContentType = body.StartsWith("data:", StringComparison.Ordinal) ? "text/event-stream" : "application/json";
            return http.Response.WriteAsync(body);
        };
        return upstream;
    }

    private Task<GatewayHost> GatewayAsync(string protocol, MockUpstream one, MockUpstream? other = null) => GatewayHost.StartAsync(
        redis.ConnectionString, Upstreams.Yaml(
            other is null ? Upstreams.Deployments("provider: one") : Upstreams.Deployments("provider: one", "provider: other, role: reserve"), "",
            [("one", one.BaseUrl, $"protocols: [{protocol}], maxRetries: 0"), .. other is null ? [] : new[] { ("other", other.BaseUrl, "") }]));

    private static async Task<(HttpResponseMessage Response, string Body)> AskAsync(HttpClient client, string body, string? key = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        if (key is not null)
        {
            request.Headers.Add("Idempotency-Key", key);
        }

        var response = await client.SendAsync(request, TestContext.Current.CancellationToken);
        return (response, await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData("gemini", Other)]
    [InlineData("gemini", Code)]
    [InlineData("messages", Searched)]
    public async Task A_plain_answer_that_cannot_be_said_is_a_failure_and_is_not_kept(string protocol, string answer)
    {
        await using var upstream = Says(await MockUpstream.StartAsync(), answer);
        await using var gateway = await GatewayAsync(protocol, upstream);
        using var client = gateway.Client();
        var key = Guid.NewGuid().ToString();

        var (first, body) = await AskAsync(client, ChatCalls.Plain, key);
        var (second, _) = await AskAsync(client, ChatCalls.Plain, key);

        Assert.Equal((HttpStatusCode.BadGateway, HttpStatusCode.BadGateway), (first.StatusCode, second.StatusCode));
        Assert.Contains("\"error\"", body, StringComparison.Ordinal);
        Assert.False(second.Headers.Contains("Idempotency-Replayed"));
        Assert.Equal(2, upstream.Requests.Count);
    }

    [Theory]
    [InlineData("gemini", Other, ChatCalls.Plain)]
    [InlineData("messages", Searched, ChatCalls.Plain)]
    [InlineData("gemini", "data: " + Code + "\r\n\r\n", ChatCalls.Streamed)]
    public async Task Another_provider_answers_instead(string protocol, string answer, string asked)
    {
        await using var upstream = Says(await MockUpstream.StartAsync(), answer);
        await using var reserve = await MockUpstream.StartAsync();
        reserve.Chat = Upstreams.Answers("from the reserve");
        await using var gateway = await GatewayAsync(protocol, upstream, reserve);
        using var client = gateway.Client();

        var (response, body) = await AskAsync(client, asked);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Contains("from the reserve", body, StringComparison.Ordinal);
        Assert.DoesNotContain("half", body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Other)]
    [InlineData(Code)]
    public async Task A_stream_that_fails_after_its_first_content_tells_of_it_and_is_not_kept(string end)
    {
        await using var upstream = await MockUpstream.StartAsync();
        var seen = new SemaphoreSlim(0);
        upstream.Chat = async http =>
        {
            http.Response.ContentType = "text/event-stream";
            await http.Response.WriteAsync(Stream(Half), http.RequestAborted);
            await http.Response.Body.FlushAsync(http.RequestAborted);
            await seen.WaitAsync(http.RequestAborted);
            await http.Response.WriteAsync(Stream(end), http.RequestAborted);
        };
        await using var gateway = await GatewayAsync("gemini", upstream);
        using var client = gateway.Client();
        var (key, body) = (Guid.NewGuid().ToString(), "");
        for (var i = 0; i < 2; i++)
        {
            // The status is there once the first content is.
            using var response = await client.BeginAsync(ChatCalls.Streamed, key, TestContext.Current.CancellationToken);
            seen.Release();
            body = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        }

        Assert.Contains("half", body, StringComparison.Ordinal);
        Assert.Contains("\"error\"", body, StringComparison.Ordinal);
        Assert.DoesNotContain("[DONE]", body, StringComparison.Ordinal);
        Assert.Equal(2, upstream.Requests.Count);
    }

    [Fact]
    public async Task A_stream_given_to_who_asked_for_none_is_failed_with_a_status()
    {
        await using var upstream = Says(await MockUpstream.StartAsync(), Stream(Half, Other));
        await using var gateway = await GatewayAsync("gemini", upstream);
        using var client = gateway.Client();

        var (response, _) = await AskAsync(client, ChatCalls.Plain);

        Assert.Equal(HttpStatusCode.BadGateway, response.StatusCode);
    }

    [Fact]
    public async Task A_plain_answer_without_a_reason_for_its_end_is_whole()
    {
        await using var upstream = Says(await MockUpstream.StartAsync(), """{"id":"c1","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"all of it"}}]}""");
        await using var gateway = await GatewayAsync("chat", upstream);
        using var client = gateway.Client();
        using var response = await client.PostAsync("/v1/messages", new StringContent("""{"model":"mock-model","max_tokens":9,"messages":[{"role":"user","content":"hi"}]}"""), TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Contains("all of it", await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }
}
