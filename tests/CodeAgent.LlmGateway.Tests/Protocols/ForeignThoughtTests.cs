using System.Text;
using System.Text.Json.Nodes;
using CodeAgent.LlmGateway.Calls;
using CodeAgent.LlmGateway.Protocols;
using CodeAgent.LlmGateway.Tests.Support;
using CodeAgent.Testing.Redis;
using Microsoft.AspNetCore.Http;

namespace CodeAgent.LlmGateway.Tests.Protocols;

/// <summary>A conversation that another kind of provider answered for a while goes on with one of the caller's own protocol.</summary>
public sealed class ForeignThoughtTests(GarnetFixture redis)
{
    private static readonly string Packed = Convert.ToBase64String("codeagent:messages:EqQB"u8);

    private static string Sent(Protocol protocol, string body, string model = "upstream")
    {
        var request = new ModelRequest(protocol, Operation.Generate, Encoding.UTF8.GetBytes(body), protocol == Protocol.Gemini ? "m" : null);
        return string.Concat(request.With(model).Select(piece => Encoding.UTF8.GetString(piece.Span)));
    }

    private static void Same(string expected, string actual) => Assert.True(JsonNode.DeepEquals(JsonNode.Parse(expected), JsonNode.Parse(actual)), actual);

    [Theory]
    [InlineData("")]
    [InlineData("responses:gAAA")]
    [InlineData("chat:x")]
    [InlineData("gemini:x")]
    public void Anthropic_gets_no_thought_that_it_did_not_sign(string signature) => Same(
        """
        {"model":"upstream","messages":[{"role":"user","content":"hi"},
         {"role":"assistant","content":[{"type":"thinking","thinking":"own","signature":"EqQB"},{"type":"text","text":"yes"}]},
         {"role":"user","content":[{"type":"text","text":"\"signature\":\"\""}]}]}
        """,
        Sent(Protocol.Messages, """
        {"model":"m","messages":[{"role":"user","content":"hi"},
         {"role":"assistant","content":[{"type":"thinking","thinking":"a","signature":"SIGNED"},{"type":"thinking","thinking":"own","signature":"EqQB"},
          {"type":"redacted_thinking","data":"chat:abc"}, {"type":"text","text":"yes"},{"type":"thinking","thinking":"b","signature" : "SIGNED"} ]},
         {"role":"assistant","content":[{"type":"thinking","thinking":"alone","signature":"SIGNED"}]},
         {"role":"user","content":[{"type":"text","text":"\"signature\":\"\""}]}]}
        """.Replace("SIGNED", signature, StringComparison.Ordinal)));

    [Fact]
    public void Tools_may_have_fields_of_such_names()
    {
        const string Body = """{"model":"upstream","messages":[{"role":"assistant","content":[{"type":"tool_use","id":"t","name":"f","input":{"signature":"","data":"chat:x","type":"thinking"}}]}]}""";

        Assert.Equal(Body, Sent(Protocol.Messages, Body));
    }

    [Theory]
    [InlineData("", """{"type":"disabled"}""")]
    [InlineData("""{"type":"thinking","thinking":"own","signature":"EqQB"},""", """{"type":"enabled","budget_tokens":2048}""")]
    public void A_budget_of_thought_waits_while_a_turn_goes_on_that_began_without_a_signed_one(string own, string expected) => Same(
        """
        {"model":"upstream","thinking":EXPECTED,"messages":[{"role":"user","content":"hi"},
         {"role":"assistant","content":[OWN{"type":"tool_use","id":"t","name":"f","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":"x"}]}]}
        """.Replace("EXPECTED", expected, StringComparison.Ordinal).Replace("OWN", own, StringComparison.Ordinal),
        Sent(Protocol.Messages, """
        {"model":"m","thinking":{"type":"enabled","budget_tokens":2048},"messages":[{"role":"user","content":"hi"},
         {"role":"assistant","content":[{"type":"thinking","thinking":"a","signature":""},OWN{"type":"tool_use","id":"t","name":"f","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":"x"}]}]}
        """.Replace("OWN", own, StringComparison.Ordinal)));

    [Fact]
    public void OpenAI_gets_no_reasoning_that_it_did_not_encrypt() => Same(
        """
        {"model":"upstream","include":["reasoning.encrypted_content"],"input":[{"role":"user","content":"hi"},
         {"type":"reasoning","id":"rs_0a1b","summary":[],"encrypted_content":"gAAAAB"},{"type":"reasoning","id":"rs_0a1b2c","summary":[]},
         {"type":"function_call","call_id":"c","name":"f","arguments":"{\"encrypted_content\":\"messages:x\"}"}]}
        """,
        Sent(Protocol.Responses, """
        {"model":"m","include":["reasoning.encrypted_content"],"input":[{"role":"user","content":"hi"},
         {"type":"reasoning","summary":[{"type":"summary_text","text":"a"}],"encrypted_content":"messages:EqQB"},
         {"type":"reasoning","id":"rs_0a1b","summary":[],"encrypted_content":"gAAAAB"},{"type":"reasoning","id":"rs_0a1b2c","summary":[]},
         {"type":"reasoning","summary":[],"encrypted_content":"redacted:messages:EqQB"},
         {"type":"reasoning","summary":[],"encrypted_content":"call:gemini:EqQB"},
         {"type":"function_call","call_id":"c","name":"f","arguments":"{\"encrypted_content\":\"messages:x\"}"},
         {"type":"reasoning","id":"rs_abc_1","summary":[{"type":"summary_text","text":"b"}]}]}
        """));

    [Theory]
    [InlineData("gemini-3-pro", "skip_thought_signature_validator")]
    [InlineData("gemini-2.5-pro", "")]
    public void Google_gets_no_signature_that_it_did_not_give(string model, string signature) => Same(
        """
        {"contents":[{"role":"user","parts":[{"text":"hi"}]},{"role":"model","parts":[{"text":"own","thoughtSignature":"CoAB"},{"functionCall":{"name":"f","args":{"text":""}},"thoughtSignature":"SIGNED"}]}]}
        """.Replace("SIGNED", signature, StringComparison.Ordinal),
        Sent(Protocol.Gemini, """
        {"contents":[{"role":"user","parts":[{"text":"hi"}]},{"role":"model","parts":[{"text":"","thought":true,"thoughtSignature":"PACKED"},{"text":"own","thoughtSignature":"CoAB"},
         {"functionCall":{"name":"f","args":{"text":""}},"thoughtSignature":"PACKED"}]},{"role":"model","parts":[{"text":"","thoughtSignature":"PACKED"}]}]}
        """.Replace("PACKED", Packed, StringComparison.Ordinal), model));

    [Fact]
    public void A_chat_gets_back_only_details_of_its_own() => Same(
        """
        {"model":"upstream","messages":[{"role":"user","content":"hi"},{"role":"assistant","content":"yes","reasoning_details":[{"type":"reasoning.text","text":"a","signature":"own"}],
         "tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"},"extra_content":{"google":{"thought_signature":""}}}]}]}
        """,
        Sent(Protocol.Chat, """
        {"model":"m","messages":[{"role":"user","content":"hi"},{"role":"assistant","content":"yes","reasoning_details":[{"type":"reasoning.text","signature":"messages:EqQB"},{"type":"reasoning.text","text":"a","signature":"own"},{"type":"reasoning.encrypted","data":"messages:x"}],
         "tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"},"extra_content":{"google":{"thought_signature":"gemini:x"}}}]}]}
        """));

    [Fact]
    public void A_chat_gets_back_no_foreign_signature_of_a_call_either() => Same(
        """{"model":"upstream","messages":[{"role":"assistant","tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"},"extra_content":{"google":{"thought_signature":""}}}]}]}""",
        Sent(Protocol.Chat, """{"model":"m","messages":[{"role":"assistant","tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"},"extra_content":{"google":{"thought_signature":"gemini:x"}}}]}]}"""));

    [Fact]
    public async Task A_turn_that_fell_back_does_not_spoil_the_next_one()
    {
        const string Answered = """{"id":"msg_1","type":"message","role":"assistant","model":"c","content":[{"type":"text","text":"yes"}],"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":4,"output_tokens":2}}""";
        await using var upstream = await MockUpstream.StartAsync();
        upstream.Chat = http => http.Response.WriteAsync(Answered);
        await using var gateway = await GatewayHost.StartAsync(redis.ConnectionString, upstream, ", protocols: [messages]");
        using var client = gateway.Client();

        using var response = await client.PostAsync("/v1/messages", new StringContent("""
            {"model":"mock-model","max_tokens":9,"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":[{"type":"thinking","thinking":"a","signature":""},{"type":"text","text":"so"}]},{"role":"user","content":"on"}]}
            """), TestContext.Current.CancellationToken);

        Assert.Equal(Answered, await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        Same("""{"model":"upstream-model","max_tokens":9,"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":[{"type":"text","text":"so"}]},{"role":"user","content":"on"}]}""",
            Encoding.UTF8.GetString(upstream.Requests.Single().Body));
    }
}
