using System.Buffers;
using System.Text;
using System.Text.Json.Nodes;
using CodeAgent.LlmGateway.Calls;
using CodeAgent.LlmGateway.Protocols;

namespace CodeAgent.LlmGateway.Tests.Protocols;

/// <summary>Calls of tools as models really make them: without arguments, in turns, cut off by the limit, or wrong.</summary>
public sealed class ToolCallTests
{
    private static string Call(int index, string arguments, string? name = null) => $$$"""
        {"id":"x","model":"m","choices":[{"index":0,"delta":{"tool_calls":[{"index":{{{index}}},{{{(name is null ? "" : $"\"id\":\"c{index}\",\"type\":\"function\",")}}}"function":{{{{(name is null ? "" : $"\"name\":\"{name}\",")}}}"arguments":{{{JsonValue.Create(arguments).ToJsonString()}}}}}]}}]}
        """;

    private static string Text(string text) => $$$"""{"id":"x","model":"m","choices":[{"index":0,"delta":{"content":"{{{text}}}"}}]}""";

    private static string End(string reason) => $$$"""{"id":"x","model":"m","choices":[{"index":0,"delta":{},"finish_reason":"{{{reason}}}"}]}""";

    private static (string Body, GatewayError? Error) Say(Protocol caller, bool isStream, params string[] chunks)
    {
        var request = new ModelRequest(caller, Operation.Generate, Encoding.UTF8.GetBytes($$"""{"model":"m","stream":{{(isStream ? "true" : "false")}}}"""),
            caller == Protocol.Gemini ? "m" : null, caller == Protocol.Gemini ? isStream : null);
        using var translation = new AnswerTranslation(VendorAnswers.Protocols[Protocol.Chat].Reader(), VendorAnswers.Protocols[caller].Writer(request), isStream: true);
        var output = new ArrayBufferWriter<byte>();
        foreach (var chunk in chunks)
        {
            translation.Add(Encoding.UTF8.GetBytes($"data: {chunk}\n\n"), output);
        }

        translation.End(output);
        return (Encoding.UTF8.GetString(output.WrittenSpan), translation.Error);
    }

    // What the caller's own reader makes of it: the calls in their order, and what was said.
    private static string Understood(Protocol caller, bool isStream, string body) => string.Join('|', AnswerLines(caller, isStream, body)
        .Where(line => line.StartsWith("call", StringComparison.Ordinal) || line.StartsWith("text", StringComparison.Ordinal)));

    private static IEnumerable<string> AnswerLines(Protocol caller, bool isStream, string body)
    {
        var meaning = Meaning.OfAnswer(VendorAnswers.Protocols[caller], Encoding.UTF8.GetBytes(body), isStream);
        return meaning.Replace("said ", "text ", StringComparison.Ordinal).Split('\n').Where(line => line != "text ");
    }

    public static TheoryData<string, bool> Callers { get; } = new(
        from caller in new[] { "messages", "responses", "gemini", "chat" } from isStream in new[] { true, false } select (caller, isStream));

    [Theory]
    [MemberData(nameof(Callers))]
    public void A_call_without_arguments_need_not_be_the_last(string caller, bool isStream)
    {
        var (body, error) = Say(Enum.Parse<Protocol>(caller, true), isStream, Call(0, "", "list"), Call(1, "", "read"), Call(1, """{"path":"""), Call(1, """ "a"}"""), End("tool_calls"));

        Assert.Null(error);
        Assert.Equal("""call list {}|call read {"path":"a"}""", Understood(Enum.Parse<Protocol>(caller, true), isStream, body));
    }

    [Theory]
    [MemberData(nameof(Callers))]
    public void Fragments_of_several_calls_may_come_in_turns(string caller, bool isStream)
    {
        var (body, error) = Say(Enum.Parse<Protocol>(caller, true), isStream, Call(0, "", "list"), Call(1, """{"b":""", "read"), Call(0, """{"a":"""), Call(1, "2}"), Call(0, "1}"), Call(2, "null", "end"), End("tool_calls"));

        Assert.Null(error);
        Assert.Equal("""call list {"a":1}|call read {"b":2}|call end {}""", Understood(Enum.Parse<Protocol>(caller, true), isStream, body));
    }

    [Theory]
    [MemberData(nameof(Callers))]
    public void A_call_without_arguments_is_over_when_something_is_said_after_it(string caller, bool isStream)
    {
        var (body, error) = Say(Enum.Parse<Protocol>(caller, true), isStream, Call(0, "", "list"), Text("Now."), Call(1, """{"b":2}""", "read"), End("tool_calls"));

        Assert.Null(error);
        Assert.Equal("""text Now.|call list {}|call read {"b":2}""", Understood(Enum.Parse<Protocol>(caller, true), isStream, body));
    }

    [Theory]
    [MemberData(nameof(Callers))]
    public void Arguments_of_a_call_that_was_over_are_a_failure(string caller, bool isStream)
    {
        var (body, error) = Say(Enum.Parse<Protocol>(caller, true), isStream, Call(0, "", "list"), Text("Now."), Call(0, """{"b":2}"""), End("tool_calls"));

        Assert.Equal("invalid_answer", error?.Code);
        Assert.Contains("\"error\"", body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("messages", false, "max_tokens")]
    [InlineData("gemini", false, "MAX_TOKENS")]
    [InlineData("gemini", true, "MAX_TOKENS")]
    public void A_call_that_the_limit_cut_off_is_left_out(string caller, bool isStream, string reason)
    {
        var (body, error) = Say(Enum.Parse<Protocol>(caller, true), isStream, Call(0, """{"a":1}""", "list"), Call(1, """{"path":"a""", "read"), End("length"));

        Assert.Null(error);
        Assert.Equal("""call list {"a":1}""", Understood(Enum.Parse<Protocol>(caller, true), isStream, body));
        Assert.Contains(reason, body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("messages", false, "[1]")]
    [InlineData("messages", true, "[1]")]
    [InlineData("messages", true, "{\"path\":")]
    [InlineData("gemini", false, "{\"path\":")]
    [InlineData("gemini", true, "[1]")]
    public void Arguments_that_are_no_object_are_a_failure(string caller, bool isStream, string arguments)
    {
        var (body, error) = Say(Enum.Parse<Protocol>(caller, true), isStream, Call(0, arguments, "read"), End("tool_calls"));

        Assert.Equal((502, "invalid_tool_arguments"), (error?.Status, error?.Code));
        Assert.Contains("\"error\"", body, StringComparison.Ordinal);
    }

    [Fact]
    public void What_the_limit_cut_off_is_not_completed()
    {
        var (body, _) = Say(Protocol.Responses, isStream: false, Call(0, """{"a":1}""", "list"), Call(1, """{"path":"a""", "read"), End("length"));
        var (said, _) = Say(Protocol.Responses, isStream: false, Text("half a"), End("length"));

        Assert.Equal(["completed", "incomplete"], JsonNode.Parse(body)!["output"]!.AsArray().Select(item => (string?)item!["status"]));
        Assert.Equal(("incomplete", "incomplete"), ((string?)JsonNode.Parse(said)!["status"], (string?)JsonNode.Parse(said)!["output"]![0]!["status"]));
    }

    [Fact]
    public void A_refusal_without_words_is_no_completed_answer()
    {
        var request = new ModelRequest(Protocol.Responses, Operation.Generate, """{"model":"m"}"""u8.ToArray());
        using var translation = new AnswerTranslation(VendorAnswers.Protocols[Protocol.Messages].Reader(), VendorAnswers.Protocols[Protocol.Responses].Writer(request), isStream: false);
        var output = new ArrayBufferWriter<byte>();
        translation.Add("""{"id":"msg_1","type":"message","role":"assistant","model":"c","content":[],"stop_reason":"refusal","usage":{"input_tokens":1,"output_tokens":1}}"""u8, output);
        translation.End(output);
        var answer = JsonNode.Parse(output.WrittenSpan)!;

        Assert.Equal(("incomplete", "content_filter"), ((string?)answer["status"], (string?)answer["incomplete_details"]!["reason"]));
    }
}
