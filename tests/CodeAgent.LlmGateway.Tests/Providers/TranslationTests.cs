using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using CodeAgent.LlmGateway.Tests.Support;
using CodeAgent.Testing.Redis;

namespace CodeAgent.LlmGateway.Tests.Providers;

/// <summary>A provider of several protocols is asked in the first that can say what the caller wants.</summary>
public sealed class TranslationTests(GarnetFixture redis)
{
    [Theory]
    [InlineData("", "/v1/responses", HttpStatusCode.OK)]
    [InlineData(",\"stop_sequences\":[\"</block>\"]", "/v1/chat/completions", HttpStatusCode.OK)]
    [InlineData(",\"stop_sequences\":[\"</block>\"],\"tools\":[{\"type\":\"bash_20250124\",\"name\":\"bash\"}]", null, HttpStatusCode.BadRequest)]
    public async Task What_the_best_cannot_say_the_next_one_does(string field, string? target, HttpStatusCode status)
    {
        await using var upstream = await MockUpstream.StartAsync();
        upstream.Chat = async http =>
        {
            http.Response.ContentType = "application/json";
            await http.Response.Body.WriteAsync(http.Request.Path.Value!.EndsWith("responses", StringComparison.Ordinal)
                ? """{"id":"resp_1","object":"response","status":"completed","model":"m","output":[{"type":"message","id":"msg_1","role":"assistant","status":"completed","content":[{"type":"output_text","text":"yes","annotations":[]}]}],"usage":{"input_tokens":1,"output_tokens":1,"total_tokens":2}}"""u8.ToArray()
                : Encoding.UTF8.GetBytes(ChatCalls.Answer));
        };
        await using var gateway = await GatewayHost.StartAsync(redis.ConnectionString, upstream, ", protocols: [responses, chat]");
        using var client = gateway.Client();

        using var response = await client.PostAsync("/v1/messages", new StringContent($$"""{"model":"mock-model","max_tokens":50{{field}},"messages":[{"role":"user","content":"a"}]}""", Encoding.UTF8, "application/json"),
            TestContext.Current.CancellationToken);

        var body = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(status == response.StatusCode, body);
        Assert.Equal(target, upstream.Requests.SingleOrDefault()?.Target);
        if (field.Length > 0 && target is not null)
        {
            Assert.Equal("</block>", (string?)JsonNode.Parse(upstream.Requests.Single().Body)!["stop"]![0]);
        }
    }

    [Fact]
    public async Task What_none_of_them_can_say_is_refused_in_the_words_of_the_best()
    {
        await using var upstream = await MockUpstream.StartAsync();
        await using var gateway = await GatewayHost.StartAsync(redis.ConnectionString, upstream, ", protocols: [responses, chat]");
        using var client = gateway.Client();

        using var response = await client.PostAsync("/v1/messages", new StringContent("""
            {"model":"mock-model","max_tokens":50,"stop_sequences":["x"],"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"{"}]}
            """, Encoding.UTF8, "application/json"), TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Contains("Responses", await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Empty(upstream.Requests);
    }
}
