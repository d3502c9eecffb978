using System.Net;
using System.Text;
using System.Text.Json;
using CodeAgent.LlmGateway.Tests.Support;
using CodeAgent.Testing;
using CodeAgent.Testing.Redis;
using Microsoft.AspNetCore.Http;

namespace CodeAgent.LlmGateway.Tests.Chat;

public sealed class ErrorTests(GarnetFixture redis)
{
    private static JsonElement Error(string body) => JsonDocument.Parse(body).RootElement.GetProperty("error");

    [Theory]
    [InlineData("", 400, "invalid_json", null)]
    [InlineData("[]", 400, "invalid_json", null)]
    [InlineData("{\"model\":\"mock-model\",}", 400, "invalid_json", null)]
    [InlineData("{\"model\":\"mock-model\"} {}", 400, "invalid_json", null)]
    [InlineData("{\"messages\":[]}", 400, "invalid_field", "model")]
    [InlineData("{\"model\":7}", 400, "invalid_field", "model")]
    [InlineData("{\"model\":\"\"}", 400, "invalid_field", "model")]
    [InlineData("{\"model\":\"mock-model\",\"\\u006dodel\":\"other\"}", 400, "invalid_field", "model")]
    [InlineData("{\"model\":\"other\"}", 404, "model_not_found", "model")]
    [InlineData("{\"model\":\"other/x\"}", 404, "model_not_found", "model")]
    [InlineData("{\"model\":\"mock/\"}", 404, "model_not_found", "model")]
    public async Task What_is_wrong_with_a_request_is_said_in_OpenAIs_form(string body, int status, string code, string? param)
    {
        await using var upstream = await MockUpstream.StartAsync();
        await using var gateway = await GatewayHost.StartAsync(redis.ConnectionString, upstream);
        using var client = gateway.Client();

        var (response, answer) = await client.AskAsync(body);

        Assert.Equal(status, (int)response.StatusCode);
        Assert.Equal("application/json", response.Content.Headers.ContentType?.MediaType);
        Assert.Equal("false", response.Headers.GetValues("x-should-retry").Single());
        Assert.Equal((code, param), (Error(answer).GetProperty("code").GetString(), Error(answer).GetProperty("param").GetString()));
        Assert.Empty(upstream.Requests);
        if (status == 404)
        {
            Assert.EndsWith("There are: default, mock-model.", Error(answer).GetProperty("message").GetString(), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_body_that_is_too_long_is_refused(bool announced)
    {
        await using var upstream = await MockUpstream.StartAsync();
        await using var gateway = await GatewayHost.StartAsync(redis.ConnectionString, upstream, rest: "maxRequestBytes: 100000");
        using var client = gateway.Client();
        using var request = ChatCalls.Request($$"""{"model":"mock-model","x":"{{new string('x', 100_000)}}"}""");
        request.Headers.TransferEncodingChunked = !announced;

        using var response = await client.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, response.StatusCode);
        Assert.Contains("maxRequestBytes", await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(429, "application/json", """{"error":{"message":"slow down, sk-canary-0123456789","type":"rate_limit","code":"x"}}""", 429, "slow down, ***", "x")]
    [InlineData(400, "application/json", """{"error":"bad thing sk-canary-0123456789"}""", 400, "The provider 'mock' answered 400: bad thing ***", "upstream_400")]
    [InlineData(500, "text/html", "<h1>sk-canary-0123456789 broke</h1>", 500, "The provider 'mock' answered 500: <h1>*** broke</h1>", "upstream_500")]
    [InlineData(529, "text/plain", "", 529, "The provider 'mock' answered 529 without a reason.", "upstream_529")]
    [InlineData(401, "application/json", """{"error":{"message":"Incorrect API key: sk-canary-0123456789"}}""", 502, "The provider 'mock' refuses the gateway's key (providers.mock.apiKey in gateway.yaml).", "provider_key_refused")]
    [InlineData(302, "text/plain", "", 502, null, "upstream_unreachable")]
    public async Task A_providers_refusal_goes_on_without_its_key(int status, string type, string body, int expected, string? message, string code)
    {
        await using var upstream = await MockUpstream.StartAsync();
        upstream.Chat = http =>
        {
            http.Response.StatusCode = status;
            http.Response.ContentType = type;
            http.Response.Headers.RetryAfter = "7";
            http.Response.Headers["x-request-id"] = http.Request.Headers.Authorization.ToString();
            http.Response.Headers.Location = "http://127.0.0.1/";
            return http.Response.WriteAsync(body);
        };
        await using var gateway = await GatewayHost.StartAsync(redis.ConnectionString, upstream);
        using var client = gateway.Client();

        var (response, answer) = await client.AskAsync(ChatCalls.Plain);

        Assert.Equal(expected, (int)response.StatusCode);
        Assert.Equal(code, Error(answer).GetProperty("code").GetString());
        if (message is not null)
        {
            Assert.Equal(message, Error(answer).GetProperty("message").GetString());
        }

        if (expected == status)
        {
            Assert.Equal("7", response.Headers.GetValues("Retry-After").Single());
        }

        Assert.DoesNotContain("canary", answer + response.Headers, StringComparison.Ordinal);
        Assert.DoesNotContain(gateway.Logs.GetSnapshot(), line => (line.Message + line.Exception).Contains("canary", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_provider_that_is_not_there_is_named()
    {
        await using var gateway = await GatewayHost.StartAsync(redis.ConnectionString, GatewayHost.YamlFor($"http://127.0.0.1:{FreePort.Next()}/v1"), ("MOCK_KEY", "k"));
        using var client = gateway.Client();

        var (response, answer) = await client.AskAsync(ChatCalls.Plain);

        Assert.Equal(HttpStatusCode.BadGateway, response.StatusCode);
        Assert.Equal("upstream_unreachable", Error(answer).GetProperty("code").GetString());
        Assert.Contains("'mock'", Error(answer).GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_provider_that_does_not_begin_in_time_is_given_up()
    {
        await using var upstream = await MockUpstream.StartAsync();
        upstream.Chat = http => Task.Delay(Timeout.Infinite, http.RequestAborted);
        await using var gateway = await GatewayHost.StartAsync(redis.ConnectionString, upstream, ", answerTimeout: 200ms");
        using var client = gateway.Client();

        var (response, answer) = await client.AskAsync(ChatCalls.Plain);

        Assert.Equal(HttpStatusCode.GatewayTimeout, response.StatusCode);
        Assert.Equal("upstream_timeout", Error(answer).GetProperty("code").GetString());
        await Eventually.TrueAsync(() => Task.FromResult(upstream.Aborted == 1), TimeSpan.FromSeconds(5), "the provider is told");
    }

    [Fact]
    public async Task A_stream_longer_than_every_limit_goes_on_while_it_is_not_silent()
    {
        await using var upstream = await MockUpstream.StartAsync();
        upstream.Chat = async http =>
        {
            http.Response.ContentType = "text/event-stream";
            for (var i = 0; i < 8; i++)
            {
                await http.Response.WriteAsync(ChatCalls.Chunk("x"), http.RequestAborted);
                await http.Response.Body.FlushAsync(http.RequestAborted);
                await Task.Delay(150, http.RequestAborted);
            }

            await http.Response.WriteAsync(ChatCalls.Done, http.RequestAborted);
        };
        await using var gateway = await GatewayHost.StartAsync(redis.ConnectionString, upstream, ", answerTimeout: 700ms, silenceTimeout: 700ms");
        using var client = gateway.Client();

        var (_, answer) = await client.AskAsync(ChatCalls.Streamed);

        Assert.Equal(string.Concat(Enumerable.Repeat(ChatCalls.Chunk("x"), 8)) + ChatCalls.Done, answer);
    }

    [Theory]
    [InlineData(true, "upstream_timeout")]
    [InlineData(false, "upstream_broken")]
    public async Task Half_a_stream_does_not_look_like_a_whole_one(bool silent, string code)
    {
        await using var upstream = await MockUpstream.StartAsync();
        upstream.Chat = async http =>
        {
            http.Response.ContentType = "text/event-stream";
            await http.Response.WriteAsync(ChatCalls.Chunk("half"), http.RequestAborted);
            await http.Response.Body.FlushAsync(http.RequestAborted);
            if (silent)
            {
                await Task.Delay(Timeout.Infinite, http.RequestAborted);
            }

            // Ends the connection without the mark of the end; Abort would lose what is not sent yet.
            throw new InvalidOperationException("The provider breaks down.");
        };
        await using var gateway = await GatewayHost.StartAsync(redis.ConnectionString, upstream, ", silenceTimeout: 300ms");
        using var client = gateway.Client();

        using var response = await client.BeginAsync(ChatCalls.Streamed, cancellationToken: TestContext.Current.CancellationToken);
        await using var stream = await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken);
        using var seen = new MemoryStream();
        await Assert.ThrowsAnyAsync<IOException>(() => stream.CopyToAsync(seen, TestContext.Current.CancellationToken));

        var text = Encoding.UTF8.GetString(seen.ToArray());
        Assert.StartsWith(ChatCalls.Chunk("half"), text, StringComparison.Ordinal);
        Assert.Contains($"\"code\":\"{code}\"", text, StringComparison.Ordinal);
        Assert.DoesNotContain("[DONE]", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_answer_that_breaks_off_before_its_first_byte_is_an_error_as_a_whole()
    {
        await using var upstream = await MockUpstream.StartAsync();
        upstream.Chat = async http =>
        {
            http.Response.ContentLength = 100;
            await http.Response.StartAsync();
            throw new InvalidOperationException("The provider breaks down.");
        };
        await using var gateway = await GatewayHost.StartAsync(redis.ConnectionString, upstream);
        using var client = gateway.Client();

        var (response, answer) = await client.AskAsync(ChatCalls.Plain);

        Assert.Equal(HttpStatusCode.BadGateway, response.StatusCode);
        Assert.Equal("upstream_broken", Error(answer).GetProperty("code").GetString());
    }

    [Fact]
    public async Task A_path_that_is_not_there_is_said_in_OpenAIs_form_too()
    {
        await using var gateway = await GatewayHost.StartAsync(redis.ConnectionString);
        using var client = gateway.Client();

        using var response = await client.GetAsync("/v1/engines", TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        Assert.Equal("Not Found: GET /v1/engines", Error(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).GetProperty("message").GetString());
    }
}
