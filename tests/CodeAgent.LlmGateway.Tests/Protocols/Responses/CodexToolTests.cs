using System.Buffers;
using System.Text;
using System.Text.Json;
using CodeAgent.LlmGateway.Calls;
using CodeAgent.LlmGateway.Protocols;
using CodeAgent.LlmGateway.Protocols.Neutral;

namespace CodeAgent.LlmGateway.Tests.Protocols.Responses;

/// <summary>The tools that codex has and other protocols do not: freeform ones, and ones in a namespace.</summary>
public sealed class CodexToolTests
{
    private const string Body = """
        {"model":"m","stream":true,"input":[
          {"type":"message","role":"user","content":[{"type":"input_text","text":"Do it."}]},
          {"type":"reasoning","summary":[],"encrypted_content":"call:gemini:c2ln"},
          {"type":"custom_tool_call","call_id":"c1","name":"apply_patch","input":"*** Begin \"Patch\"\n"},
          {"type":"custom_tool_call_output","call_id":"c1","output":"Done"}],
         "tools":[{"type":"custom","name":"apply_patch","description":"Edits.","format":{"type":"grammar","syntax":"lark","definition":"start: x"}},
          {"type":"namespace","name":"agents","description":"Helpers.","tools":[{"type":"function","name":"spawn","description":"Starts one.","parameters":{"type":"object"}}]}]}
        """;

    private static readonly ModelRequest Request = new(Protocol.Responses, Operation.Generate, Encoding.UTF8.GetBytes(Body));

    [Fact]
    public void Elsewhere_they_are_functions()
    {
        var conversation = VendorAnswers.Protocols[Protocol.Responses].Read(Request);

        Assert.Equal(["apply_patch", "agents__spawn"], conversation.Tools.Select(tool => tool.Name));
        Assert.Contains("start: x", conversation.Tools[0].Description, StringComparison.Ordinal);
        Assert.StartsWith("Helpers.", conversation.Tools[1].Description, StringComparison.Ordinal);
        var call = Assert.IsType<Part.ToolCall>(Assert.Single(conversation.Messages[1].Parts));
        Assert.Equal(("apply_patch", "*** Begin \"Patch\"\n", "gemini:c2ln"),
            (call.Name, JsonDocument.Parse(call.Arguments).RootElement.GetProperty("input").GetString(), call.Signature));
    }

    [Fact]
    public void Pain_06_their_calls_come_back_as_what_they_are()
    {
        var writer = VendorAnswers.Protocols[Protocol.Responses].Writer(Request);
        var output = new ArrayBufferWriter<byte>();
        AnswerEvent[] events =
        [
            new AnswerEvent.Started("x", "m"), new AnswerEvent.ToolCall(0, "c1", "apply_patch"), new AnswerEvent.ToolCall(1, "c2", "agents__spawn"),
            new AnswerEvent.Arguments(0, "{\"inp"), new AnswerEvent.Arguments(1, "{\"a\""), new AnswerEvent.Arguments(0, "ut\":\"a \\\"b\\\"\"}"), new AnswerEvent.Arguments(1, ":1}"),
            new AnswerEvent.Finished(FinishReason.ToolCalls),
        ];
        foreach (var answerEvent in events)
        {
            writer.Write(answerEvent, output);
        }

        writer.End(output);

        var items = Encoding.UTF8.GetString(output.WrittenSpan).Split('\n').Where(line => line.StartsWith("data: ", StringComparison.Ordinal))
            .Select(line => JsonDocument.Parse(line[6..]).RootElement).Where(data => data.GetProperty("type").GetString() == "response.output_item.done")
            .Select(data => data.GetProperty("item")).ToList();
        Assert.Equal(("custom_tool_call", "apply_patch", "a \"b\""),
            (items[0].GetProperty("type").GetString(), items[0].GetProperty("name").GetString(), items[0].GetProperty("input").GetString()));
        Assert.Equal(("function_call", "agents", "spawn", "{\"a\":1}"), (items[1].GetProperty("type").GetString(), items[1].GetProperty("namespace").GetString(),
            items[1].GetProperty("name").GetString(), items[1].GetProperty("arguments").GetString()));
    }
}
