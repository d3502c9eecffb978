using System.Net;
using System.Text;
using CodeAgent.LlmGateway.Tests.Support;
using CodeAgent.Testing.Redis;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace CodeAgent.LlmGateway.Tests.Chat;

public sealed class PassThroughTests(GarnetFixture redis)
{
    private const string Odd = """
        { "unknown" : {"deep":[1,2.50,"\u00e9é"]} ,"model"
          :  "mock-model","messages":[{"role":"user","content":"hi","cache_control":{"type":"ephemeral"}}], "model_": "model", "x":1e3 }
        """;

    [Theory]
    [InlineData(HttpProtocols.Http1, "", "HTTP/1.1")]
    [InlineData(HttpProtocols.Http2, ", http2: priorKnowledge", "HTTP/2")]
    public async Task Bytes_go_through_with_only_the_model_replaced(HttpProtocols protocols, string setting, string expected)
    {
        await using var upstream = await MockUpstream.StartAsync(protocols);
        upstream.Chat = async http =>
        {
            http.Response.Headers["x-request-id"] = "req-1";
            http.Response.Headers["x-ratelimit-remaining-tokens"] = "77";
            http.Response.Headers["set-cookie"] = "a=b";
            http.Response.Headers["openai-organization"] = "secret-org";
            http.Response.ContentType = "application/json; odd=1";
            await http.Response.WriteAsync("{ \"choices\": [ {} ] , \"unknown\": 1.50 }\n");
        };
        await using var gateway = await GatewayHost.StartAsync(redis.ConnectionString, upstream, setting);
        using var client = gateway.Client();
        client.DefaultRequestHeaders.Add("anthropic-beta", "some-beta");
        client.DefaultRequestHeaders.Add("X-Other", "other");

        var (response, body) = await client.AskAsync(Odd);

        Assert.Equal("{ \"choices\": [ {} ] , \"unknown\": 1.50 }\n", body);
        Assert.Equal("application/json; odd=1", response.Content.Headers.ContentType?.ToString());
        Assert.Equal("req-1", response.Headers.GetValues("x-request-id").Single());
        Assert.Equal("77", response.Headers.GetValues("x-ratelimit-remaining-tokens").Single());
        Assert.False(response.Headers.Contains("set-cookie") || response.Headers.Contains("openai-organization"));
        Assert.True(response.Headers.Contains("X-Correlation-Id"));

        var sent = Assert.Single(upstream.Requests);
        Assert.Equal(expected, sent.Protocol);
        Assert.Equal(Odd.Replace("\"mock-model\"", "\"upstream-model\"", StringComparison.Ordinal), Encoding.UTF8.GetString(sent.Body));
        Assert.Equal("Bearer sk-canary-0123456789", sent.Headers["Authorization"]);
        Assert.Equal("some-beta", sent.Headers["anthropic-beta"]);
        Assert.DoesNotContain(sent.Headers, header => header.Key is "X-Other" or "traceparent" or "baggage" || header.Value.Contains(GatewayHost.Key, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(HttpProtocols.Http1, "")]
    [InlineData(HttpProtocols.Http2, ", http2: priorKnowledge")]
    public async Task A_piece_of_a_stream_is_there_before_the_next_one_is_sent(HttpProtocols protocols, string setting)
    {
        using var more = new SemaphoreSlim(0);
        await using var upstream = await MockUpstream.StartAsync(protocols);
        upstream.Chat = async http =>
        {
            http.Response.ContentType = "text/event-stream";
            for (var i = 0; i < 3; i++)
            {
                await http.Response.WriteAsync(ChatCalls.Chunk($"{i}"), http.RequestAborted);
                await http.Response.Body.FlushAsync(http.RequestAborted);
                await more.WaitAsync(http.RequestAborted);
            }

            await http.Response.WriteAsync(ChatCalls.Done, http.RequestAborted);
        };
        await using var gateway = await GatewayHost.StartAsync(redis.ConnectionString, upstream, setting);
        using var client = gateway.Client();

        using var response = await client.BeginAsync(ChatCalls.Streamed, cancellationToken: TestContext.Current.CancellationToken);
        await using var stream = await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken);
        var buffer = new byte[4096];
        for (var i = 0; i < 3; i++)
        {
            var read = await stream.ReadAsync(buffer, TestContext.Current.CancellationToken).AsTask().WaitAsync(TimeSpan.FromSeconds(5), TestContext.Current.CancellationToken);
            Assert.Equal(ChatCalls.Chunk($"{i}"), Encoding.UTF8.GetString(buffer, 0, read));
            more.Release();
        }

        Assert.Equal(ChatCalls.Done.Length, await stream.ReadAsync(buffer, TestContext.Current.CancellationToken));
        Assert.Equal(0, await stream.ReadAsync(buffer, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_large_request_goes_through()
    {
        await using var upstream = await MockUpstream.StartAsync();
        upstream.Chat = http => http.Response.WriteAsync(ChatCalls.Answer);
        await using var gateway = await GatewayHost.StartAsync(redis.ConnectionString, upstream);
        using var client = gateway.Client();
        var body = $$"""{"messages":[{"role":"user","content":"{{new string('x', 5_000_000)}}"}],"model":"mock-model"}""";

        var (response, _) = await client.AskAsync(body);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(body.Replace("mock-model", "upstream-model", StringComparison.Ordinal), Encoding.UTF8.GetString(upstream.Requests.Single().Body));
    }

    [Fact]
    public async Task Many_at_once_share_few_connections()
    {
        const int Callers = 500;
        var all = new TaskCompletionSource();
        var waiting = 0;
        await using var upstream = await MockUpstream.StartAsync(HttpProtocols.Http2);
        upstream.Chat = async http =>
        {
            if (Interlocked.Increment(ref waiting) == Callers)
            {
                all.SetResult();
            }

            await all.Task.WaitAsync(TimeSpan.FromSeconds(30), http.RequestAborted);
            await http.Response.WriteAsync(ChatCalls.Answer);
        };
        await using var gateway = await GatewayHost.StartAsync(redis.ConnectionString, upstream, ", http2: priorKnowledge");
        using var client = gateway.Client();

        var answers = await Task.WhenAll(Enumerable.Range(0, Callers).Select(_ => client.AskAsync(ChatCalls.Plain)));

        Assert.All(answers, answer => Assert.Equal(ChatCalls.Answer, answer.Body));
        Assert.InRange(upstream.Connections.Count, 1, 20);
    }
}
