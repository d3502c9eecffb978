using System.Text;
using System.Text.Json.Nodes;
using CodeAgent.LlmGateway.Protocols;
using CodeAgent.LlmGateway.Protocols.Messages;
using CodeAgent.LlmGateway.Protocols.Neutral;
using CodeAgent.ServiceDefaults.Problems;

namespace CodeAgent.LlmGateway.Tests.Protocols.Messages;

public sealed class MessagesRequestTests
{
    private static readonly MessagesProtocol Protocol = new();

    private static Conversation Read(string json) => Protocol.Read(new(LlmGateway.Protocols.Protocol.Messages, Operation.Generate, Encoding.UTF8.GetBytes(json)));

    private static JsonNode Write(Conversation conversation, string model = "claude-sonnet-5-5") => JsonNode.Parse(Protocol.Write(conversation, model))!;

    private static Conversation Asking(params Message[] messages) => new() { Messages = messages };

    private static Message User(params Part[] parts) => new(Role.User, parts);

    private static Message Assistant(params Part[] parts) => new(Role.Assistant, parts);

    [Fact]
    public void What_is_read_and_written_again_is_the_same()
    {
        const string Whole = """
            {"model":"claude-sonnet-5-5","max_tokens":4000,"stop_sequences":["END"],
             "thinking":{"type":"adaptive","display":"summarized"},"output_config":{"effort":"high","format":{"type":"json_schema","schema":{"type":"object"}}},
             "metadata":{"user_id":"u1"},
             "tools":[{"name":"read","description":"Reads.","input_schema":{"type":"object","properties":{"path":{"type":"string"}}},"strict":true,"cache_control":{"type":"ephemeral","ttl":"1h"}}],
             "tool_choice":{"type":"tool","name":"read","disable_parallel_tool_use":true},
             "system":[{"type":"text","text":"Be brief.","cache_control":{"type":"ephemeral"}}],
             "messages":[
              {"role":"user","content":[{"type":"text","text":"Look."},{"type":"image","source":{"type":"base64","media_type":"image/png","data":"AAAA"}},
                {"type":"image","source":{"type":"url","url":"https://example.com/a.png"}},{"type":"document","source":{"type":"base64","media_type":"application/pdf","data":"BBBB"},"title":"t.pdf"}]},
              {"role":"assistant","content":[{"type":"thinking","thinking":"Hm.","signature":"Eq=="},{"type":"redacted_thinking","data":"Em=="},{"type":"text","text":"So."},
                {"type":"tool_use","id":"toolu_1","name":"read","input":{"path":"ä \"b\"","n":1.50}},{"type":"tool_use","id":"toolu_2","name":"list","input":{}}]},
              {"role":"user","content":[{"type":"tool_result","tool_use_id":"toolu_1","content":[{"type":"text","text":"no"},{"type":"image","source":{"type":"base64","media_type":"image/png","data":"CCCC"}}],"is_error":true},
                {"type":"tool_result","tool_use_id":"toolu_2","content":[{"type":"text","text":"a"}]},{"type":"text","text":"Go on.","cache_control":{"type":"ephemeral","ttl":"5m"}}]}],
             "stream":true}
            """;

        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(Whole), Write(Read(Whole))), Write(Read(Whole)).ToJsonString());
    }

    [Fact]
    public void A_result_knows_the_tool_that_was_called()
    {
        var read = Read("""
            {"model":"m","max_tokens":1,"system":"s","messages":[{"role":"user","content":"a"},{"role":"assistant","content":[{"type":"tool_use","id":"x","name":"list","input":{}}]},
             {"role":"user","content":[{"type":"tool_result","tool_use_id":"x","content":"done"}]},{"role":"system","content":"Now be quick."}]}
            """);

        var result = Assert.IsType<Part.ToolResult>(Assert.Single(read.Messages[2].Parts));
        Assert.Equal(("list", "done", false), (result.Name, Assert.IsType<Part.Text>(result.Content[0]).Value, result.IsError));
        Assert.Equal((Role.System, "s"), (read.Messages[3].Role, Assert.IsType<Part.Text>(read.System[0]).Value));
    }

    [Theory]
    [InlineData("\"tools\":[{\"type\":\"web_search_20250305\",\"name\":\"web_search\"}]", "tools[0].type")]
    [InlineData("\"tools\":[{\"name\":\"a\",\"input_schema\":{}},{\"type\":\"bash_20250124\",\"name\":\"bash\"}]", "tools[1].type")]
    [InlineData("\"tools\":[{\"name\":\"a\",\"input_schema\":{},\"defer_loading\":true}]", "tools[0].defer_loading")]
    [InlineData("\"mcp_servers\":[{\"type\":\"url\"}]", "mcp_servers")]
    [InlineData("\"container\":\"c1\"", "container")]
    [InlineData("\"context_management\":{\"edits\":[{\"type\":\"clear_tool_uses_20250919\"}]}", "context_management.edits[0].type")]
    [InlineData("\"something_new\":1", "something_new")]
    [InlineData("\"thinking\":{\"type\":\"adaptive\",\"depth\":2}", "thinking.depth")]
    [InlineData("\"system\":[{\"type\":\"image\",\"source\":{\"type\":\"file\",\"file_id\":\"f\"}}]", "system[0].source.type")]
    public void What_only_Anthropic_has_is_refused_by_name(string field, string named)
    {
        var e = Assert.Throws<ProblemException>(() => Read($$"""{"model":"m","max_tokens":1,"messages":[{"role":"user","content":"a"}],{{field}}}"""));

        Assert.Equal((400, "unsupported-by-provider", named), (e.Status, e.Type, e.Field));
        Assert.Contains(named, e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"model":"m"}""", "messages")]
    [InlineData("""{"model":"m","messages":{}}""", "messages")]
    [InlineData("""{"model":"m","messages":[1]}""", "messages[0]")]
    [InlineData("""{"model":"m","messages":[{"role":"tool","content":""}]}""", "messages[0].role")]
    [InlineData("""{"model":"m","messages":[],"max_tokens":"1"}""", "max_tokens")]
    public void What_is_wrong_is_named(string json, string field) => Assert.Equal(field, Assert.Throws<ProblemException>(() => Read(json)).Field);

    [Theory]
    [InlineData("""{"betas":null,"service_tier":"auto","context_management":{"edits":[{"type":"clear_thinking_20251015","keep":"all"}]}}""")]
    [InlineData("""{"tools":[{"name":"a","type":"custom","input_schema":{},"eager_input_streaming":true}]}""")]
    public void What_changes_nothing_about_the_answer_is_left_out(string fields)
    {
        var json = JsonNode.Parse(fields)!.AsObject();
        (json["model"], json["messages"]) = ("m", JsonNode.Parse("""[{"role":"user","content":"a"}]"""));

        Assert.Single(Read(json.ToJsonString()).Messages);
    }

    [Fact]
    public void Anthropic_is_always_told_a_limit_and_one_above_what_is_thought()
    {
        Assert.Equal(32_000, (int)Write(Asking(User(new Part.Text("a"))))["max_tokens"]!);
        var thinking = Write(Asking(User(new Part.Text("a"))) with { Reasoning = new(null, 60_000, true) }, "claude-sonnet-4-5-20250929");
        Assert.Equal((60_000, "enabled"), ((int)thinking["thinking"]!["budget_tokens"]!, (string?)thinking["thinking"]!["type"]));
        Assert.True((int)thinking["max_tokens"]! > 60_000);
        var limited = Write(Asking(User(new Part.Text("a"))) with { Reasoning = new("high", null, true), MaxOutputTokens = 4000 }, "claude-haiku-4-5");
        Assert.Equal((4000, 3999), ((int)limited["max_tokens"]!, (int)limited["thinking"]!["budget_tokens"]!));
        Assert.Equal("max_tokens", Assert.Throws<ProblemException>(() => Write(Asking(User(new Part.Text("a"))) with { Reasoning = new("low", null, true), MaxOutputTokens = 500 }, "claude-haiku-4-5")).Field);
    }

    [Theory]
    [InlineData("claude-opus-5-5", "minimal", null, "adaptive", "low")]
    [InlineData("claude-opus-4-6", "xhigh", null, "adaptive", "max")]
    [InlineData("claude-opus-4-6", "max", null, "adaptive", "max")]
    [InlineData("claude-opus-4-7", "xhigh", null, "adaptive", "xhigh")]
    [InlineData("claude-sonnet-5-5", null, 10_000L, "adaptive", "medium")]
    [InlineData("claude-sonnet-5-5", "none", null, "between_tools", null)]
    [InlineData("claude-haiku-5-5", "none", null, "disabled", null)]
    [InlineData("claude-opus-5", null, 0L, "disabled", null)]
    [InlineData("claude-opus-5-5", "none", null, "adaptive", "low")]
    [InlineData("claude-fable-5", null, 0L, "adaptive", "low")]
    [InlineData("claude-opus-4-8", "none", null, null, null)]
    [InlineData("claude-3-7-sonnet-20250219", null, 0L, null, null)]
    [InlineData("claude-opus-4-20250514", "low", null, "enabled", null)]
    [InlineData("my-own-name", "high", null, "enabled", null)]
    [InlineData("glm-4.6", "none", null, null, null)]
    public void Thought_is_asked_for_in_the_way_of_the_models_generation(string model, string? effort, long? budget, string? type, string? expected)
    {
        var json = Write(Asking(User(new Part.Text("a"))) with { Reasoning = new(effort, budget, true) }, model);

        Assert.Equal((type, expected), ((string?)json["thinking"]?["type"], (string?)json["output_config"]?["effort"]));
    }

    [Theory]
    [InlineData("claude-sonnet-4-20250514", null, "temperature top_p top_k")]
    [InlineData("claude-opus-4-1-20250805", null, "temperature top_k")]
    [InlineData("claude-sonnet-4-6", null, "temperature top_k")]
    [InlineData("claude-sonnet-4-5", "high", "")]
    [InlineData("claude-sonnet-4-6", "high", "")]
    [InlineData("claude-opus-4-7", null, "")]
    [InlineData("claude-mythos-preview", null, "")]
    [InlineData("deepseek-v4", null, "temperature top_p top_k")]
    public void What_gemini_always_sets_is_said_as_far_as_the_model_takes_it(string model, string? effort, string said)
    {
        var json = Write(Asking(User(new Part.Text("a"))) with { Temperature = 1, TopP = 0.95, TopK = 64, Reasoning = effort is null ? null : new(effort, null, true) }, model);

        Assert.Equal(said, string.Join(' ', new[] { "temperature", "top_p", "top_k" }.Where(name => json[name] is not null)));
        var alone = Write(Asking(User(new Part.Text("a"))) with { TopP = 0.9, Reasoning = effort is null ? null : new(effort, null, true) }, model);
        Assert.Equal(said.Length > 0, alone["top_p"] is not null);
    }

    [Theory]
    [InlineData("alice", "alice")]
    [InlineData("alice@example.com", "ff8d9819fc0e12bf0d24892e45987e24")]
    public void An_address_of_somebodys_mail_is_hashed(string user, string expected) =>
        Assert.Equal(expected, (string?)Write(Asking(User(new Part.Text("a"))) with { User = user })["metadata"]!["user_id"]);

    [Fact]
    public void A_text_of_blanks_is_left_out_and_never_marked()
    {
        var json = Write(Asking(User(new Part.Text("a"), new Part.Text(" \n"))) with { System = [new Part.Text("\n")], Tools = [new("f", null, null)] });

        Assert.Null(json["system"]);
        Assert.Equal("""[{"role":"user","content":[{"type":"text","text":"a"}]}]""", json["messages"]!.ToJsonString());
    }

    [Fact]
    public void Turns_alternate_and_results_come_first()
    {
        var json = Write(Asking(
            new Message(Role.System, [new Part.Text("Instruction.")]),
            User(new Part.Text(""), new Part.Text("a")),
            Assistant(new Part.Thought("Foreign.", "responses:gAAA"), new Part.ToolCall("call:1/é", "f", "")),
            User(new Part.Text("And?")),
            User(new Part.ToolResult("call:1/é", "f", [new Part.Text("")], false))));

        Assert.Equal("""[{"role":"user","content":[{"type":"text","text":"Instruction."},{"type":"text","text":"a"}]},{"role":"assistant","content":[{"type":"tool_use","id":"call_1__","name":"f","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"call_1__","content":[]},{"type":"text","text":"And?"}]}]""",
            json["messages"]!.ToJsonString());
    }

    [Theory]
    [InlineData("claude-opus-5-5", "system")]
    [InlineData("claude-opus-4-5", "user")]
    public void An_instruction_between_the_turns_keeps_its_place(string model, string role)
    {
        var json = Write(Asking(User(new Part.Text("a")), new Message(Role.System, [new Part.Text("Be quick.")]), Assistant(new Part.Text("b")), User(new Part.Text("c"))), model);

        Assert.Contains("Be quick.", json["messages"]![role == "system" ? 1 : 0]!.ToJsonString(), StringComparison.Ordinal);
        Assert.Equal(role, (string?)json["messages"]![role == "system" ? 1 : 0]!["role"]);
    }

    [Fact]
    public void What_Anthropic_cannot_say_is_refused_by_name()
    {
        var asking = Asking(User(new Part.Text("a")));
        foreach (var (conversation, field) in new (Conversation, string)[]
        {
            (asking with { Seed = 1 }, "seed"), (asking with { PresencePenalty = 1 }, "presence_penalty"), (asking with { Temperature = 1.5 }, "temperature"),
            (asking with { Format = new(null, null, null) }, "response_format"), (Asking(Assistant(new Part.ToolCall("1", "f", "{broken"))), "messages"),
            (Asking(User(new Part.Document(null, "audio/wav", "AA", null))), "messages"),
        })
        {
            var e = Assert.Throws<ProblemException>(() => Write(conversation));
            Assert.Equal((400, "unsupported-by-provider", field), (e.Status, e.Type, e.Field));
        }

        Write(asking with { PresencePenalty = 0, FrequencyPenalty = 0 });
    }

    [Fact]
    public void Parallel_calls_are_forbidden_where_the_caller_forbids_them()
    {
        var json = Write(Asking(User(new Part.Text("a"))) with { Tools = [new("f", null, null)], ParallelToolCalls = false });

        Assert.Equal("""{"type":"auto","disable_parallel_tool_use":true}""", json["tool_choice"]!.ToJsonString());
        Assert.Equal("""{"type":"object","properties":{}}""", json["tools"]![0]!["input_schema"]!.ToJsonString());
    }
}
