using System.Text;
using System.Text.Json.Nodes;
using CodeAgent.LlmGateway.Protocols;
using CodeAgent.LlmGateway.Protocols.Gemini;
using CodeAgent.LlmGateway.Protocols.Neutral;
using CodeAgent.ServiceDefaults.Problems;

namespace CodeAgent.LlmGateway.Tests.Protocols.Gemini;

public sealed class GeminiRequestTests
{
    private static readonly GeminiProtocol Protocol = new();

    private static Conversation Read(string json) => Protocol.Read(new(LlmGateway.Protocols.Protocol.Gemini, Operation.Generate, Encoding.UTF8.GetBytes(json), "m", isStream: false));

    private static JsonNode Write(Conversation conversation, string model = "gemini-3.8-flash") => JsonNode.Parse(Protocol.Write(conversation, model))!;

    private static Conversation Asking(params Message[] messages) => new() { Messages = messages };

    [Fact]
    public void What_is_read_and_written_again_is_the_same()
    {
        const string Whole = """
            {"systemInstruction":{"parts":[{"text":"Be brief."}]},
             "contents":[
              {"role":"user","parts":[{"text":"Look."},{"inlineData":{"mimeType":"image/png","data":"AAAA"}},{"inlineData":{"mimeType":"application/pdf","data":"BBBB","displayName":"t.pdf"}}]},
              {"role":"model","parts":[{"text":"Hm.","thought":true,"thoughtSignature":"Eg=="},{"functionCall":{"name":"read","args":{"path":"ä","n":1.50}},"thoughtSignature":"Ci=="},{"functionCall":{"id":"fc-2","name":"list","args":{}}}]},
              {"role":"user","parts":[{"functionResponse":{"name":"read","response":{"error":"no"}}},{"functionResponse":{"id":"fc-2","name":"list","response":{"output":"a"}}}]},
              {"role":"model","parts":[{"text":"Done.","thoughtSignature":"Ck=="}]},{"role":"user","parts":[{"text":"Thanks."}]}],
             "tools":[{"functionDeclarations":[{"name":"read","description":"Reads.","parametersJsonSchema":{"type":"object","properties":{"path":{"type":"string"}}}},{"name":"list"}]}],
             "toolConfig":{"functionCallingConfig":{"mode":"ANY","allowedFunctionNames":["read"]}},
             "generationConfig":{"maxOutputTokens":4000,"temperature":0.5,"topP":0.9,"topK":40,"presencePenalty":0.1,"frequencyPenalty":0.2,"seed":7,"stopSequences":["END"],
               "responseMimeType":"application/json","responseJsonSchema":{"type":"object"},"thinkingConfig":{"thinkingLevel":"high","includeThoughts":true}}}
            """;

        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(Whole), Write(Read(Whole))), Write(Read(Whole)).ToJsonString());
    }

    [Fact]
    public void Calls_without_ids_are_matched_by_name_and_order()
    {
        var read = Read("""
            {"contents":[{"role":"model","parts":[{"functionCall":{"name":"a","args":{"n":1}}},{"functionCall":{"name":"b"}},{"functionCall":{"name":"a","args":{"n":2}}}]},
             {"role":"function","parts":[{"functionResponse":{"name":"b","response":{"k":[1]}}},{"functionResponse":{"name":"a","response":{"output":"1"}}},{"functionResponse":{"name":"a","response":{"output":"2"}}}]}]}
            """);

        var calls = read.Messages[0].Parts.Cast<Part.ToolCall>().ToList();
        var results = read.Messages[1].Parts.Cast<Part.ToolResult>().ToList();
        Assert.Equal([calls[1].Id, calls[0].Id, calls[2].Id], results.Select(result => result.CallId));
        Assert.Equal(["""{"k":[1]}""", "1", "2"], results.Select(result => Assert.IsType<Part.Text>(Assert.Single(result.Content)).Value));
        Assert.Equal(3, calls.Select(call => call.Id).Distinct().Count());
    }

    [Fact]
    public void Googles_schemas_become_json_schemas()
    {
        var read = Read("""
            {"contents":[],"tools":[{"function_declarations":[{"name":"f","parameters":{"type":"OBJECT","properties":{"type":{"type":"STRING","nullable":true,"format":"enum","enum":["A"]},
              "list":{"type":"ARRAY","items":{"type":"INTEGER"},"minItems":"2"}},"propertyOrdering":["list"],"required":["list"]}}]}]}
            """);

        Assert.True(JsonNode.DeepEquals(JsonNode.Parse("""
            {"type":"object","properties":{"type":{"type":["string","null"],"enum":["A"]},"list":{"type":"array","items":{"type":"integer"},"minItems":2}},"required":["list"]}
            """), JsonNode.Parse(read.Tools[0].Schema!.Value.GetRawText())), read.Tools[0].Schema!.Value.GetRawText());
    }

    [Theory]
    [InlineData("\"tools\":[{\"googleSearch\":{}}]", "tools[0].googleSearch")]
    [InlineData("\"cachedContent\":\"cachedContents/x\"", "cachedContent")]
    [InlineData("\"generationConfig\":{\"candidateCount\":2}", "generationConfig.candidateCount")]
    [InlineData("\"generationConfig\":{\"responseModalities\":[\"TEXT\",\"IMAGE\"]}", "generationConfig.responseModalities")]
    [InlineData("\"generationConfig\":{\"responseLogprobs\":true}", "generationConfig.responseLogprobs")]
    [InlineData("\"generationConfig\":{\"responseMimeType\":\"text/x.enum\"}", "generationConfig.responseMimeType")]
    [InlineData("\"somethingNew\":1", "somethingNew")]
    public void What_only_Google_has_is_refused_by_name(string field, string named)
    {
        var e = Assert.Throws<ProblemException>(() => Read($$"""{"contents":[{"parts":[{"text":"a"}]}],{{field}}}"""));

        Assert.Equal((400, "unsupported-by-provider", named), (e.Status, e.Type, e.Field));
    }

    [Theory]
    [InlineData("{\"executableCode\":{\"code\":\"1\"}}", "contents[0].parts[0].executableCode")]
    [InlineData("{\"fileData\":{\"fileUri\":\"https://generativelanguage.googleapis.com/v1beta/files/x\",\"mimeType\":\"image/png\"}}", "contents[0].parts[0].fileData.fileUri")]
    [InlineData("{\"inlineData\":{\"mimeType\":\"audio/wav\",\"data\":\"AA\"}}", "contents[0].parts[0].inlineData.mimeType")]
    [InlineData("{\"functionResponse\":{\"name\":\"f\",\"response\":{}}}", "contents[0].parts[0].functionResponse.name")]
    public void Parts_that_only_Google_has_are_refused_by_name(string part, string named) =>
        Assert.Equal(named, Assert.Throws<ProblemException>(() => Read($$"""{"contents":[{"role":"user","parts":[{{part}}]}]}""")).Field);

    [Fact]
    public void A_call_of_another_providers_says_that_its_signature_is_not_to_be_checked()
    {
        var asking = Asking(
            new Message(Role.User, [new Part.Text("a")]),
            new Message(Role.Assistant, [new Part.Thought("t", "messages:Eq=="), new Part.ToolCall("toolu_1", "f", "{}"), new Part.ToolCall("toolu_2", "f", "{}")]),
            new Message(Role.User, [new Part.ToolResult("toolu_1", "f", [new Part.Text("r")], false), new Part.ToolResult("toolu_2", "f", [], false)]));

        var calls = Write(asking)["contents"]![1]!["parts"]!.AsArray();

        Assert.Equal(2, calls.Count);
        Assert.Equal("skip_thought_signature_validator", (string?)calls[0]!["thoughtSignature"]);
        Assert.Null(calls[1]!["thoughtSignature"]);
        Assert.Null(Write(asking, "gemini-2.5-pro")["contents"]![1]!["parts"]![0]!["thoughtSignature"]);
    }

    [Theory]
    [InlineData("gemini-3.8-flash", "none", null, "thinkingLevel", "low")]
    [InlineData("gemini-3.5-flash", "none", null, "thinkingLevel", "minimal")]
    [InlineData("gemini-3-pro-preview", "medium", null, "thinkingLevel", "high")]
    [InlineData("gemini-3.1-pro-preview", "medium", null, "thinkingLevel", "medium")]
    [InlineData("gemini-2.5-pro", "none", null, "thinkingBudget", "128")]
    [InlineData("gemini-2.5-pro", null, 60_000L, "thinkingBudget", "32768")]
    [InlineData("gemini-2.5-flash", null, 31_999L, "thinkingBudget", "24576")]
    [InlineData("gemini-2.5-flash-lite", null, 100L, "thinkingBudget", "512")]
    [InlineData("gemini-2.5-flash-lite", null, 0L, "thinkingBudget", "0")]
    [InlineData("gemini-3.1-pro-preview", null, 0L, "thinkingLevel", "low")]
    [InlineData("gemini-3.8-flash", "xhigh", null, "thinkingLevel", "high")]
    [InlineData("gemini-2.5-flash", "none", null, "thinkingBudget", "0")]
    [InlineData("gemini-2.5-flash", "medium", null, "thinkingBudget", "8192")]
    [InlineData("gemini-3.8-flash", null, 500L, "thinkingBudget", "500")]
    public void Thought_is_asked_for_in_the_way_of_the_models_generation(string model, string? effort, long? budget, string field, string expected)
    {
        var json = Write(Asking(new Message(Role.User, [new Part.Text("a")])) with { Reasoning = new(effort, budget, false) }, model);

        Assert.Equal(expected, json["generationConfig"]!["thinkingConfig"]![field]!.ToString());
    }

    [Fact]
    public void Another_providers_signature_survives_the_way_through_a_Google_client()
    {
        foreach (var signature in new[] { "messages:EqoB+/=", "responses:gAAAA-_" })
        {
            Assert.Equal(signature, GeminiSignatures.FromCaller(GeminiSignatures.ToCaller(signature)));
        }

        Assert.Equal("gemini:Ci==", GeminiSignatures.FromCaller("Ci=="));
        Assert.Equal("Ci==", GeminiSignatures.ToCaller("gemini:Ci=="));
        Assert.Equal("messages:Em==", GeminiSignatures.AsRedacted(GeminiSignatures.FromCaller(GeminiSignatures.OfRedacted("messages:Em=="))));
    }

    [Theory]
    [InlineData("gemini-2.0-flash")]
    [InlineData("gemma-3-27b")]
    public void A_model_that_does_not_think_is_told_nothing_about_it(string model) =>
        Assert.Null(Write(Asking(new Message(Role.User, [new Part.Text("a")])) with { Reasoning = new("high", null, true) }, model)["generationConfig"]!["thinkingConfig"]);

    [Fact]
    public void One_call_at_a_time_is_a_wish_without_effect() =>
        Assert.Null(Write(Asking(new Message(Role.User, [new Part.Text("a")])) with { Tools = [new("f", null, null)], ParallelToolCalls = false })["toolConfig"]);

    [Fact]
    public void What_tools_show_comes_after_their_answers_where_these_are_text_alone()
    {
        var asking = Asking(
            new Message(Role.Assistant, [new Part.ToolCall("1", "look", "{}"), new Part.ToolCall("2", "list", "{}")]),
            new Message(Role.User, [new Part.ToolResult("1", "look", [new Part.Text("here"), new Part.Image(null, "image/png", "AAAA")], false), new Part.ToolResult("2", "list", [new Part.Text("b")], false)]),
            new Message(Role.User, [new Part.Text("And?")]));

        var old = Write(asking, "gemini-2.5-flash")["contents"]![1]!["parts"]!.AsArray();
        Assert.Equal(["look", "list"], old.Take(2).Select(part => (string?)part!["functionResponse"]!["name"]));
        Assert.Null(old[0]!["functionResponse"]!["parts"]);
        Assert.StartsWith("here\n", (string?)old[0]!["functionResponse"]!["response"]!["output"], StringComparison.Ordinal);
        Assert.Equal((5, "AAAA", "And?"), (old.Count, (string?)old[3]!["inlineData"]!["data"], (string?)old[4]!["text"]));
        Assert.Contains("look", (string?)old[2]!["text"], StringComparison.Ordinal);

        var third = Write(asking, "gemini-3.5-flash")["contents"]![1]!["parts"]!.AsArray();
        Assert.Equal((3, "AAAA"), (third.Count, (string?)third[0]!["functionResponse"]!["parts"]![0]!["inlineData"]!["data"]));
    }

    [Fact]
    public void Of_a_parameter_that_is_there_twice_the_last_one_counts()
    {
        var read = Read("""{"contents":[],"tools":[{"functionDeclarations":[{"name":"f","parameters":{"type":"OBJECT","properties":{"a":{"type":"STRING"},"a":{"type":"INTEGER"}}}}]}]}""");

        Assert.Equal("""{"type":"object","properties":{"a":{"type":"integer"}}}""", read.Tools[0].Schema!.Value.GetRawText());
    }
}
