using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;
using CodeAgent.LlmGateway.Protocols.Neutral;
using CodeAgent.LlmGateway.Telemetry;
using CodeAgent.LlmGateway.Tests.Support;
using CodeAgent.Testing;
using CodeAgent.Testing.Redis;

namespace CodeAgent.LlmGateway.Tests.Telemetry;

public sealed class ContentTests(GarnetFixture redis) : IDisposable
{
    private const string Script = "Do.\\n```simulator\\n[{\\\"think\\\": \\\"Hm\\\"}, {\\\"say\\\": \\\"Onè\\\"}, {\\\"call\\\": \\\"look\\\", \\\"with\\\": {\\\"at\\\": 1}}]\\n```";
    private static readonly string[] Attributes = ["gen_ai.system_instructions", "gen_ai.input.messages", "gen_ai.output.messages"];
    private readonly ConcurrentQueue<Activity> _spans = [];
    private ActivityListener? _listener;

    public static TheoryData<string, string> Requests => new()
    {
        { "/v1/chat/completions", $$"""{"model":"simulator","messages":[{"role":"system","content":"Be kind."},{"role":"user","content":"{{Script}}"}]}""" },
        { "/v1/chat/completions", $$"""{"model":"simulator","stream":true,"messages":[{"role":"system","content":"Be kind."},{"role":"user","content":"{{Script}}"}]}""" },
        { "/v1/responses", $$"""{"model":"simulator","instructions":"Be kind.","input":"{{Script}}"}""" },
        { "/v1/responses", $$"""{"model":"simulator","stream":true,"instructions":"Be kind.","input":"{{Script}}"}""" },
        { "/v1/messages", $$"""{"model":"simulator","max_tokens":9,"system":"Be kind.","messages":[{"role":"user","content":"{{Script}}"}]}""" },
        { "/v1/messages", $$"""{"model":"simulator","max_tokens":9,"stream":true,"system":"Be kind.","messages":[{"role":"user","content":"{{Script}}"}]}""" },
        { "/v1beta/models/simulator:generateContent", $$"""{"systemInstruction":{"parts":[{"text":"Be kind."}]},"contents":[{"role":"user","parts":[{"text":"{{Script}}"}]}]}""" },
        { "/v1beta/models/simulator:streamGenerateContent?alt=sse", $$"""{"systemInstruction":{"parts":[{"text":"Be kind."}]},"contents":[{"role":"user","parts":[{"text":"{{Script}}"}]}]}""" },
    };

    public void Dispose() => _listener?.Dispose();

    [Theory]
    [MemberData(nameof(Requests))]
    public async Task What_was_said_is_in_the_span_where_that_is_asked_for(string path, string body)
    {
        var span = await CallAsync(path, body, ("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "span_only"));

        var (system, input, output) = (Json(span, Attributes[0]), Json(span, Attributes[1]), Json(span, Attributes[2]));
        Assert.Equal("""[{"type":"text","content":"Be kind."}]""", system.ToJsonString());
        Assert.Equal("user", (string?)input[0]!["role"]);
        Assert.StartsWith("Do.\n```simulator\n", (string?)input[0]!["parts"]![0]!["content"], StringComparison.Ordinal);
        Assert.Equal(("assistant", "tool_call"), ((string?)output[0]!["role"], (string?)output[0]!["finish_reason"]));
        var parts = output[0]!["parts"]!.AsArray();
        Assert.Equal(["reasoning Hm", "text Onè", "tool_call look"], parts.Select(part => $"{part!["type"]} {part["content"] ?? part["name"]}"));
        Assert.Equal(1, (int?)JsonNode.Parse((string)parts[2]!["arguments"]!)!["at"]);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("no_content")]
    [InlineData("event_only")]
    public async Task Nothing_of_it_is_there_otherwise(string? wish)
    {
        var span = await CallAsync("/v1/chat/completions", """{"model":"simulator","messages":[{"role":"user","content":"hi"}]}""",
            ("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", wish ?? ""));

        Assert.All(Attributes, name => Assert.Null(span.GetTagItem(name)));
    }

    [Fact]
    public async Task What_cannot_be_understood_goes_through_without_its_content()
    {
        await using var upstream = await MockUpstream.StartAsync();
        upstream.Chat = Upstreams.Answers("fine");
        var span = await CallAsync("/v1/chat/completions", """{"model":"mock-model","messages":[{"role":"oracle","content":{"odd":1}}]}""", upstream,
            ("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "true"));

        Assert.Null(span.GetTagItem(Attributes[1]));
        Assert.Contains("fine", (string)span.GetTagItem(Attributes[2])!, StringComparison.Ordinal);
    }

    [Fact]
    public void Of_a_long_conversation_the_last_messages_are_told_and_long_texts_are_cut()
    {
        var messages = Enumerable.Range(0, 100).Select(number => new Message(number % 2 == 0 ? Role.User : Role.Assistant, [new Part.Text($"{number} {new string('x', 9000)}")])).ToList();

        var told = JsonNode.Parse(ContentJson.Input(messages))!.AsArray();

        Assert.InRange(told.Count, 5, 12);
        Assert.Equal($"({101 - told.Count} earlier messages are left out here)", (string?)told[0]!["parts"]![0]!["content"]);
        Assert.StartsWith("99 xxx", (string?)told[^1]!["parts"]![0]!["content"], StringComparison.Ordinal);
        Assert.EndsWith("x… (811 more)", (string?)told[^1]!["parts"]![0]!["content"], StringComparison.Ordinal);
    }

    [Fact]
    public void Of_a_message_of_many_parts_the_first_are_told()
    {
        var told = JsonNode.Parse(ContentJson.Input([new(Role.User, [.. Enumerable.Range(0, 100).Select(_ => new Part.Text(new string('x', 9000)))])]))!;

        var parts = told[0]!["parts"]!.AsArray();
        Assert.InRange(parts.Count, 5, 12);
        Assert.Equal($"({101 - parts.Count} more parts are left out here)", (string?)parts[^1]!["content"]);
    }

    [Fact]
    public async Task Of_several_answers_to_one_request_none_is_told()
    {
        await using var upstream = await MockUpstream.StartAsync();
        upstream.Chat = Upstreams.Answers("fine");
        var span = await CallAsync("/v1/chat/completions", """{"model":"mock-model","n":2,"messages":[{"role":"user","content":"hi"}]}""", upstream,
            ("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "true"));

        Assert.Null(span.GetTagItem(Attributes[2]));
    }

    [Fact]
    public void Every_part_of_a_message_has_its_form()
    {
        var told = ContentJson.Input(
        [
            new(Role.Assistant, [new Part.Thought("Hm", "secret-signature"), new Part.RedactedThought("secret"), new Part.ToolCall("c1", "look", "{}")]),
            new(Role.User, [new Part.ToolResult("c1", "look", [new Part.Text("a"), new Part.Text("b")], false)]),
            new(Role.User, [new Part.Image(null, "image/png", "AAAA"), new Part.Document("https://x/y.pdf", null, null, null), new Part.Refusal("no")]),
        ]);

        Assert.Equal("""
            [{"role":"assistant","parts":[{"type":"reasoning","content":"Hm"},{"type":"reasoning","content":""},{"type":"tool_call","id":"c1","name":"look","arguments":"{}"}]},
            {"role":"tool","parts":[{"type":"tool_call_response","id":"c1","response":"ab"}]},
            {"role":"user","parts":[{"type":"blob","modality":"image","mime_type":"image/png","content":""},{"type":"uri","modality":"document","mime_type":null,"uri":"https://x/y.pdf"},{"type":"text","content":"no"}]}]
            """.ReplaceLineEndings("").Replace("},            {", "},{", StringComparison.Ordinal), told);
    }

    private static JsonArray Json(Activity span, string attribute) => JsonNode.Parse((string)span.GetTagItem(attribute)!)!.AsArray();

    private Task<Activity> CallAsync(string path, string body, (string, string) setting) => CallAsync(path, body, null, setting);

    private async Task<Activity> CallAsync(string path, string body, MockUpstream? upstream, (string, string) setting)
    {
        await using var gateway = await GatewayHost.StartAsync(redis.ConnectionString, upstream is null ? null : GatewayHost.YamlFor(upstream.BaseUrl), setting, ("MOCK_KEY", "sk-x"));
        _listener = new() { ShouldListenTo = source => source.Name == "CodeAgent", ActivityStopped = _spans.Enqueue };
        ActivitySource.AddActivityListener(_listener);
        using var client = gateway.Client();
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent(body, Encoding.UTF8, "application/json") };

        using var response = await client.SendAsync(request, TestContext.Current.CancellationToken);
        await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);

        var trace = response.Headers.GetValues("X-Correlation-Id").Single();
        return await Eventually.GetAsync(
            () => Task.FromResult(_spans.FirstOrDefault(span => span.TraceId.ToHexString() == trace && span.Kind == ActivityKind.Client)), TimeSpan.FromSeconds(5), "the span has ended");
    }
}
