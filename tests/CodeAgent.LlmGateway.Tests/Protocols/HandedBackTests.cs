using System.Buffers;
using System.Text;
using System.Text.Json.Nodes;
using CodeAgent.LlmGateway.Calls;
using CodeAgent.LlmGateway.Protocols;
using CodeAgent.LlmGateway.Protocols.Neutral;

namespace CodeAgent.LlmGateway.Tests.Protocols;

/// <summary>What a provider wants back with what it thought comes back as it was, through the callers of other protocols.</summary>
public sealed class HandedBackTests
{
    private static IProtocol Of(Protocol protocol) => VendorAnswers.Protocols[protocol];

    private static JsonNode Said(Protocol provider, Protocol caller, bool isStream, string answer)
    {
        var request = new ModelRequest(caller, Operation.Generate, """{"model":"m"}"""u8.ToArray(), caller == Protocol.Gemini ? "m" : null);
        using var translation = new AnswerTranslation(Of(provider).Reader(), Of(caller).Writer(request), isStream);
        var output = new ArrayBufferWriter<byte>();
        translation.Add(Encoding.UTF8.GetBytes(answer), output);
        translation.End(output);
        return JsonNode.Parse(output.WrittenSpan)!;
    }

    private static JsonNode Asked(Protocol caller, Protocol provider, JsonNode body, string model)
    {
        var request = new ModelRequest(caller, Operation.Generate, Encoding.UTF8.GetBytes(body.ToJsonString()), caller == Protocol.Gemini ? "m" : null, caller == Protocol.Gemini ? false : null);
        return JsonNode.Parse(Of(provider).Write(Of(caller).Read(request), model))!;
    }

    [Fact]
    public void OpenRouters_details_come_back_whole_and_in_their_order()
    {
        const string Stream = """
            data: {"id":"g","model":"m","choices":[{"index":0,"delta":{"reasoning":"Look","reasoning_details":[{"type":"reasoning.text","text":"Look","format":"anthropic-claude-v1","index":0,"id":null}]}}]}

            data: {"id":"g","model":"m","choices":[{"index":0,"delta":{"reasoning":" here.","reasoning_details":[{"type":"reasoning.text","text":" here.","format":"anthropic-claude-v1","index":0}]}}]}

            data: {"id":"g","model":"m","choices":[{"index":0,"delta":{"reasoning_details":[{"type":"reasoning.text","signature":"EqQB","format":"anthropic-claude-v1","index":0}]}}]}

            data: {"id":"g","model":"m","choices":[{"index":0,"delta":{"reasoning_details":[{"type":"reasoning.encrypted","data":"gAAA","id":"rs_1","format":"openai-responses-v1","index":1}]}}]}

            data: {"id":"g","model":"m","choices":[{"index":0,"delta":{"content":"So."},"finish_reason":"stop"}]}

            data: [DONE]


            """;
        var answer = Said(Protocol.Chat, Protocol.Messages, isStream: true, Stream);

        var asked = Asked(Protocol.Messages, Protocol.Chat, new JsonObject
        {
            ["model"] = "m",
            ["max_tokens"] = 9,
            ["messages"] = new JsonArray(
                new JsonObject { ["role"] = "user", ["content"] = "hi" }, new JsonObject { ["role"] = "assistant", ["content"] = answer["content"]!.DeepClone() },
                new JsonObject { ["role"] = "user", ["content"] = "on" }),
        }, "m");

        Assert.Equal("Look here.", (string?)answer["content"]![0]!["thinking"]);
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse("""
            [{"type":"reasoning.text","text":"Look here.","format":"anthropic-claude-v1","index":0,"id":null,"signature":"EqQB"},
             {"type":"reasoning.encrypted","data":"gAAA","id":"rs_1","format":"openai-responses-v1","index":1}]
            """), asked["messages"]![1]!["reasoning_details"]), asked.ToJsonString());
    }

    [Fact]
    public void Several_thoughts_of_Anthropics_stay_apart_in_a_chat()
    {
        const string Content = """
            [{"type":"thinking","thinking":"a","signature":"Eq1"},{"type":"redacted_thinking","data":"Em"},{"type":"thinking","thinking":"b","signature":"Eq2"},{"type":"tool_use","id":"t1","name":"f","input":{}}]
            """;
        var answer = Said(Protocol.Messages, Protocol.Chat, isStream: false,
            """{"id":"msg_1","type":"message","role":"assistant","model":"c","content":CONTENT,"stop_reason":"tool_use","usage":{"input_tokens":1,"output_tokens":1}}""".Replace("CONTENT", Content, StringComparison.Ordinal));

        var asked = Asked(Protocol.Chat, Protocol.Messages, new JsonObject
        {
            ["model"] = "m",
            ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = "hi" }, answer["choices"]![0]!["message"]!.DeepClone()),
        }, "claude-sonnet-4-5");

        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(Content), asked["messages"]![1]!["content"]), asked.ToJsonString());
    }

    /// <summary>Some clients keep the fragments of a stream one after the other, some put them together.</summary>
    [Theory]
    [InlineData("""[{"type":"reasoning.text","text":"a","index":0},{"type":"reasoning.text","text":"b","index":0},{"type":"reasoning.text","signature":"messages:Eq1","index":0},{"type":"reasoning.text","text":"c","signature":"messages:Eq2","index":1}]""", "ab Eq1|c Eq2")]
    [InlineData("""[{"type":"reasoning.text","signature":"messages:Eq1"}]""", "all Eq1")]
    public void Details_of_a_stream_are_put_together(string details, string expected)
    {
        var conversation = Of(Protocol.Chat).Read(new(Protocol.Chat, Operation.Generate, Encoding.UTF8.GetBytes(
            """{"model":"m","messages":[{"role":"user","content":"hi"},{"role":"assistant","content":"so","reasoning_content":"all","reasoning_details":DETAILS}]}""".Replace("DETAILS", details, StringComparison.Ordinal))));

        Assert.Equal(expected, string.Join('|', conversation.Messages[1].Parts.OfType<Part.Thought>().Select(thought => $"{thought.Value} {Signatures.For(Protocol.Messages, thought.Signature)}")));
    }

    [Theory]
    [InlineData("""[{"type":"thinking","thinking":"a","signature":"Eq1"},{"type":"tool_use","id":"t1","name":"f","input":{}}]""")]
    [InlineData("""[{"type":"thinking","thinking":"a","signature":"Eq1"},{"type":"text","text":"b"},{"type":"tool_use","id":"t1","name":"f","input":{}}]""")]
    [InlineData("""[{"type":"redacted_thinking","data":"Em"},{"type":"tool_use","id":"t1","name":"f","input":{}}]""")]
    public void A_client_of_Googles_that_leaves_thoughts_out_hands_the_signature_back(string content)
    {
        var answer = Said(Protocol.Messages, Protocol.Gemini, isStream: false,
            """{"id":"msg_1","type":"message","role":"assistant","model":"c","content":CONTENT,"stop_reason":"tool_use","usage":{"input_tokens":1,"output_tokens":1}}""".Replace("CONTENT", content, StringComparison.Ordinal));
        var parts = answer["candidates"]![0]!["content"]!["parts"]!.AsArray().Where(part => (bool?)part!["thought"] != true).Select(part => part!.DeepClone()).ToArray();

        var asked = Asked(Protocol.Gemini, Protocol.Messages, new JsonObject
        {
            ["contents"] = new JsonArray(
                new JsonObject { ["role"] = "user", ["parts"] = new JsonArray(new JsonObject { ["text"] = "hi" }) }, new JsonObject { ["role"] = "model", ["parts"] = new JsonArray(parts) }),
        }, "claude-sonnet-4-5");

        // The text of the thought is lost, as the client wants it; Anthropic goes by the signature.
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(content.Replace("\"thinking\":\"a\"", "\"thinking\":\"\"", StringComparison.Ordinal)), asked["messages"]![1]!["content"]), asked.ToJsonString());
    }

    [Theory]
    [InlineData(null, "auto", false)]
    [InlineData("responses:gAAA", "auto", false)]
    [InlineData("messages:Eq1", "auto", true)]
    [InlineData("messages:Eq1", "any", false)]
    public void A_budget_of_thought_is_left_out_where_Anthropic_would_refuse_it(string? signature, string choice, bool thinks)
    {
        var conversation = new Conversation
        {
            Messages =
            [
                new(Role.User, [new Part.Text("hi")]),
                new(Role.Assistant, [new Part.Thought("a", signature), new Part.ToolCall("t1", "f", "{}")]),
                new(Role.User, [new Part.ToolResult("t1", "f", [new Part.Text("x")], IsError: false)]),
                new(Role.Assistant, [new Part.ToolCall("t2", "f", "{}")]),
                new(Role.User, [new Part.ToolResult("t2", "f", [new Part.Text("x")], IsError: false)]),
            ],
            Tools = [new("f", null, null)],
            ToolChoice = new(choice == "any" ? ToolChoiceKind.Any : ToolChoiceKind.Auto),
            Reasoning = new("medium", null, IncludeThoughts: true),
        };

        Assert.Equal(thinks ? "enabled" : null, (string?)JsonNode.Parse(Of(Protocol.Messages).Write(conversation, "claude-sonnet-4-5"))!["thinking"]?["type"]);
        Assert.Equal("adaptive", (string?)JsonNode.Parse(Of(Protocol.Messages).Write(conversation, "claude-opus-4-6"))!["thinking"]?["type"]);
    }

    [Fact]
    public void After_what_the_user_says_a_budget_of_thought_is_taken_again()
    {
        var conversation = new Conversation
        {
            Messages =
            [
                new(Role.User, [new Part.Text("hi")]), new(Role.Assistant, [new Part.ToolCall("t1", "f", "{}")]), new(Role.User, [new Part.ToolResult("t1", "f", [], IsError: false)]),
                new(Role.Assistant, [new Part.Text("done")]), new(Role.User, [new Part.Text("more")]),
            ],
            Reasoning = new("medium", null, IncludeThoughts: true),
        };

        Assert.Equal("enabled", (string?)JsonNode.Parse(Of(Protocol.Messages).Write(conversation, "claude-sonnet-4-5"))!["thinking"]?["type"]);
    }
}
