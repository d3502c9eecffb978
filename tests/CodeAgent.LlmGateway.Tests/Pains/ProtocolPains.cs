using System.Buffers;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using CodeAgent.LlmGateway.Protocols;
using CodeAgent.LlmGateway.Protocols.Messages;
using CodeAgent.LlmGateway.Protocols.Neutral;
using CodeAgent.LlmGateway.Tests.Support;
using CodeAgent.Testing.Redis;
using Microsoft.AspNetCore.Http;

namespace CodeAgent.LlmGateway.Tests.Pains;

public sealed class ProtocolPains(GarnetFixture redis)
{
    // As claude sends it, shortened: betas, a query, marks for the cache, and fields that this gateway does not know.
    private const string Betas = "claude-code-20250219,interleaved-thinking-2025-05-14,context-management-2025-06-27,prompt-caching-scope-2026-01-05";

    private const string Asked = """
        {"model":"mock-model","max_tokens":32000,"system":[{"type":"text","text":"You are Claude Code.","cache_control":{"type":"ephemeral","ttl":"1h"}}],
         "messages":[{"role":"user","content":[{"type":"text","text":"hi","cache_control":{"type":"ephemeral"}}]}],"brand_new_field":{"a":[1.50]},"thinking":{"type":"adaptive"}}
        """;

    private const string Answered = """{"id":"msg_1","type":"message","role":"assistant","model":"claude-x","content":[{"type":"text","text":"yes"}],"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":4,"cache_read_input_tokens":7,"output_tokens":2}}""";

    private static string Anthropic(MockUpstream upstream) => $$"""
        providers:
          mock: { kind: anthropic, baseUrl: "{{upstream.BaseUrl}}", apiKey: "${MOCK_KEY}", headers: { x-team: blue } }
        models:
          mock-model: { provider: mock, model: upstream-model }
        default: [mock-model]
        """;

    private static async Task<(HttpResponseMessage Response, string Body)> PostAsync(HttpClient client, string path, string body)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        var response = await client.SendAsync(request, TestContext.Current.CancellationToken);
        return (response, await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public void Pain_06_arguments_of_tools_are_never_lost_and_a_message_starts_once()
    {
        AnswerEvent[] events =
        [
            new AnswerEvent.Started("a", "m"), new AnswerEvent.Started("a", "m"), new AnswerEvent.Text("F"), new AnswerEvent.Text("irst"),
            new AnswerEvent.ToolCall(0, "c0", "read"), new AnswerEvent.Arguments(0, "{\"pa"), new AnswerEvent.Arguments(0, "th\":\"x\"}"),
            new AnswerEvent.ToolCall(1, "c1", "list"), new AnswerEvent.Arguments(1, "{}"), new AnswerEvent.Usage(new(5, 0, 2, 0)), new AnswerEvent.Finished(FinishReason.ToolCalls),
        ];
        var protocol = new MessagesProtocol();
        var writer = protocol.Writer(new(Protocol.Messages, Operation.Generate, """{"model":"m","stream":true}"""u8.ToArray()));
        var output = new ArrayBufferWriter<byte>();
        foreach (var answerEvent in events)
        {
            writer.Write(answerEvent, output);
        }

        writer.End(output);
        var data = Encoding.UTF8.GetString(output.WrittenSpan).Split('\n').Where(line => line.StartsWith("data: ", StringComparison.Ordinal)).Select(line => JsonNode.Parse(line[6..])!).ToList();

        Assert.Single(data, one => (string?)one["type"] == "message_start");
        Assert.Equal("First", string.Concat(data.Select(one => (string?)one["delta"]?["text"])));
        Assert.Equal([(1, "{\"path\":\"x\"}"), (2, "{}")], data.Where(one => one["delta"]?["partial_json"] is not null)
            .GroupBy(one => (int)one["index"]!).Select(block => (block.Key, string.Concat(block.Select(one => (string?)one["delta"]!["partial_json"])))));
        Assert.Equal([0, 1, 2], data.Where(one => (string?)one["type"] == "content_block_start").Select(one => (int)one["index"]!));
        Assert.Equal([0, 1, 2], data.Where(one => (string?)one["type"] == "content_block_stop").Select(one => (int)one["index"]!));
        Assert.Equal("message_stop", (string?)data[^1]["type"]);
    }

    [Fact]
    public async Task Pain_16_marks_for_the_prompt_cache_reach_the_provider()
    {
        await using var upstream = await MockUpstream.StartAsync();
        upstream.Chat = http => http.Response.WriteAsync(Answered);
        await using var gateway = await GatewayHost.StartAsync(redis.ConnectionString, Anthropic(upstream), ("MOCK_KEY", "sk-canary-0123456789"));
        using var client = gateway.Client();

        await PostAsync(client, "/v1/messages", Asked);
        Assert.Equal(Asked.Replace("mock-model", "upstream-model", StringComparison.Ordinal), Encoding.UTF8.GetString(upstream.Requests.Single().Body));

        // From another protocol, which has no marks: what stands at the beginning and the last message are marked.
        upstream.Requests.Clear();
        await PostAsync(client, "/v1/chat/completions", """
            {"model":"mock-model","messages":[{"role":"system","content":"s"},{"role":"user","content":"hi"}],"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}]}
            """);
        var sent = JsonNode.Parse(upstream.Requests.Single().Body)!;
        Assert.Equal("ephemeral", (string?)sent["system"]![0]!["cache_control"]!["type"]);
        Assert.Equal("ephemeral", (string?)sent["messages"]![0]!["content"]![0]!["cache_control"]!["type"]);
    }

    [Fact]
    public async Task Pain_19_betas_queries_and_unknown_fields_reach_the_provider()
    {
        await using var upstream = await MockUpstream.StartAsync();
        upstream.Chat = http => http.Response.WriteAsync(Answered);
        await using var gateway = await GatewayHost.StartAsync(redis.ConnectionString, Anthropic(upstream), ("MOCK_KEY", "sk-canary-0123456789"));
        using var client = gateway.Client(null);
        client.DefaultRequestHeaders.Add("x-api-key", GatewayHost.Key);
        client.DefaultRequestHeaders.Add("anthropic-beta", Betas);

        var (response, body) = await PostAsync(client, "/v1/messages?beta=true", Asked);

        Assert.Equal((HttpStatusCode.OK, Answered), (response.StatusCode, body));
        var sent = Assert.Single(upstream.Requests);
        Assert.Equal("/v1/messages?beta=true", sent.Target);
        Assert.Equal((Betas, "2023-06-01", "sk-canary-0123456789", "blue"), (sent.Headers["anthropic-beta"], sent.Headers["anthropic-version"], sent.Headers["x-api-key"], sent.Headers["x-team"]));
        Assert.False(sent.Headers.ContainsKey("Authorization"));
        Assert.Contains("\"brand_new_field\":{\"a\":[1.50]}", Encoding.UTF8.GetString(sent.Body), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pain_19_tokens_are_counted_by_the_provider_or_estimated_here()
    {
        await using var upstream = await MockUpstream.StartAsync();
        upstream.Chat = http => http.Response.WriteAsync("""{"input_tokens": 4711}""");
        await using var gateway = await GatewayHost.StartAsync(redis.ConnectionString, Anthropic(upstream), ("MOCK_KEY", "sk-canary-0123456789"));
        await using var simulated = await GatewayHost.StartAsync(redis.ConnectionString);
        using var client = gateway.Client();
        using var other = simulated.Client();
        const string Count = """{"model":"MODEL","messages":[{"role":"user","content":"The quick brown fox jumps over the lazy dog."}]}""";

        var (_, counted) = await PostAsync(client, "/v1/messages/count_tokens?beta=true", Count.Replace("MODEL", "mock-model", StringComparison.Ordinal));
        var (estimate, estimated) = await PostAsync(other, "/v1/messages/count_tokens", Count.Replace("MODEL", "simulator", StringComparison.Ordinal));
        var (_, gemini) = await PostAsync(other, "/v1beta/models/simulator:countTokens", """{"contents":[{"parts":[{"text":"The quick brown fox jumps over the lazy dog."}]}]}""");

        Assert.Equal("""{"input_tokens": 4711}""", counted);
        Assert.Equal("/v1/messages/count_tokens?beta=true", upstream.Requests.Single().Target);
        Assert.Equal("true", estimate.Headers.GetValues("x-codeagent-estimated").Single());
        Assert.InRange(JsonDocument.Parse(estimated).RootElement.GetProperty("input_tokens").GetInt32(), 10, 20);
        Assert.InRange(JsonDocument.Parse(gemini).RootElement.GetProperty("totalTokens").GetInt32(), 10, 20);
    }
}
