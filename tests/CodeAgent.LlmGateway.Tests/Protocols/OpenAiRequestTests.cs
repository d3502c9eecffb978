using System.Text;
using System.Text.Json.Nodes;
using CodeAgent.LlmGateway.Configuration;
using CodeAgent.LlmGateway.Protocols;
using CodeAgent.LlmGateway.Protocols.Neutral;
using CodeAgent.ServiceDefaults.Problems;

namespace CodeAgent.LlmGateway.Tests.Protocols;

/// <summary>Requests of other protocols' clients, as OpenAI's two protocols and its models take them.</summary>
public sealed class OpenAiRequestTests
{
    private static readonly Protocol[] Both = [Protocol.Chat, Protocol.Responses];

    private static readonly Conversation Asking = new() { Messages = [new(Role.User, [new Part.Text("a")])] };

    private static JsonNode Write(Protocol protocol, Conversation conversation, string model = "m") => JsonNode.Parse(VendorAnswers.Protocols[protocol].Write(conversation, model))!;

    private static Conversation FromMessages(string rest, string messages = """[{"role":"user","content":"a"}]""") => VendorAnswers.Protocols[Protocol.Messages].Read(
        new(Protocol.Messages, Operation.Generate, Encoding.UTF8.GetBytes($$"""{"model":"m","max_tokens":1{{rest}},"messages":{{messages}}}""")));

    [Fact]
    public void A_name_of_the_user_that_is_too_long_is_always_hashed_to_the_same()
    {
        var session = FromMessages(",\"metadata\":{\"user_id\":\"{\\\"device_id\\\":\\\"" + new string('d', 64) + "\\\",\\\"session_id\\\":\\\"s1\\\"}\"}");
        Assert.True(session.User!.Length > 64);

        Assert.All(Both, protocol =>
        {
            var user = (string)Write(protocol, session)["user"]!;
            Assert.Equal(32, user.Length);
            Assert.Equal(user, (string?)Write(protocol, session)["user"]);
            Assert.NotEqual(user, (string?)Write(protocol, session with { User = session.User + "2" })["user"]);
            Assert.Equal("u1", (string?)Write(protocol, session with { User = "u1" })["user"]);
        });
    }

    [Theory]
    [InlineData("gpt-5", "none", "minimal")]
    [InlineData("gpt-5-mini-2025-08-07", "xhigh", "high")]
    [InlineData("gpt-5.1", "none", "none")]
    [InlineData("gpt-5.1", "minimal", "low")]
    [InlineData("gpt-5.1-codex", "none", "low")]
    [InlineData("gpt-5.1-codex-max", "max", "xhigh")]
    [InlineData("gpt-5.4", "max", "xhigh")]
    [InlineData("gpt-5-4-eu", "xhigh", "xhigh")]
    [InlineData("gpt-5.6-sol", "max", "max")]
    [InlineData("gpt-5-pro", "low", "high")]
    [InlineData("openai/o3", "minimal", "low")]
    [InlineData("gpt-4o", "high", null)]
    [InlineData("gpt-35-turbo", "low", null)]
    [InlineData("gpt-5.1-chat-latest", "high", null)]
    [InlineData("qwen3-coder", "none", null)]
    [InlineData("qwen3-coder", "xhigh", "high")]
    [InlineData("gpt-5.4", "word-of-tomorrow", "word-of-tomorrow")]
    public void The_effort_is_the_nearest_that_the_model_takes(string model, string wish, string? expected)
    {
        var thinking = Asking with { Reasoning = new(wish, null, true) };

        Assert.Equal(expected, (string?)Write(Protocol.Chat, thinking, model)["reasoning_effort"]);
        var reasoning = Write(Protocol.Responses, thinking, model)["reasoning"];
        Assert.Equal(expected, (string?)reasoning?["effort"]);
        Assert.Equal(OpenAiModelReasons(model), reasoning is not null);
    }

    [Fact]
    public void Thinking_that_claude_turns_off_is_not_mentioned_to_a_model_that_cannot_be_told()
    {
        var off = FromMessages(",\"thinking\":{\"type\":\"disabled\"}");

        Assert.Null(Write(Protocol.Chat, off, "gpt-4o")["reasoning_effort"]);
        var responses = Write(Protocol.Responses, off, "gpt-4o");
        Assert.Null(responses["reasoning"]);
        Assert.Null(responses["include"]);
        Assert.Equal("none", (string?)Write(Protocol.Responses, off, "gpt-5.4")["reasoning"]!["effort"]);
        Assert.Null(Write(Protocol.Responses, off, "gpt-5.4")["include"]);
        Assert.NotNull(Write(Protocol.Responses, off, "gpt-5")["include"]);
    }

    [Fact]
    public void OpenRouter_turns_efforts_into_what_the_model_takes()
    {
        var thinking = Asking with { Dialect = Dialect.Of(new() { Kind = ProviderKind.OpenRouter }), Reasoning = new("xhigh", null, true) };

        Assert.Equal("xhigh", (string?)Write(Protocol.Chat, thinking, "anthropic/claude-opus-4.8")["reasoning_effort"]);
        Assert.Equal("xhigh", (string?)Write(Protocol.Chat, thinking with { Reasoning = new("max", null, true) }, "anthropic/claude-opus-4.8")["reasoning_effort"]);
        Assert.Null(Write(Protocol.Chat, thinking with { Reasoning = new("none", null, true) }, "google/gemini-2.5-pro")["reasoning_effort"]);
    }

    [Theory]
    [InlineData("gpt-5.4", null, false)]
    [InlineData("gpt-5.4", "high", false)]
    [InlineData("gpt-5.4", "none", true)]
    [InlineData("o4-mini", null, false)]
    [InlineData("gpt-4.1", null, true)]
    [InlineData("llama-4", "high", true)]
    public void What_gemini_always_sets_is_said_as_far_as_the_model_takes_it(string model, string? effort, bool isSaid)
    {
        var asking = Asking with { Temperature = 1, TopP = 0.95, TopK = 64, Reasoning = effort is null ? null : new(effort, null, false) };

        Assert.All(Both, protocol =>
        {
            var json = Write(protocol, asking, model);
            Assert.Equal((isSaid, isSaid), (json["temperature"] is not null, json["top_p"] is not null));
        });
        Assert.Null(Write(Protocol.Responses, asking, model)["top_k"]);
        Assert.Equal(64, (int)Write(Protocol.Chat, asking, model)["top_k"]!);
        Assert.Null(Write(Protocol.Chat, asking with { Dialect = Dialect.Of(new() { BaseUrl = "https://api.openai.com/v1" }) }, model)["top_k"]);
    }

    [Fact]
    public void A_limit_below_OpenAIs_least_is_raised_to_it()
    {
        Assert.Equal(16, (int)Write(Protocol.Responses, Asking with { MaxOutputTokens = 1 })["max_output_tokens"]!);
        Assert.Equal(17, (int)Write(Protocol.Responses, Asking with { MaxOutputTokens = 17 })["max_output_tokens"]!);
        Assert.Null(Write(Protocol.Responses, Asking)["max_output_tokens"]);
    }

    [Fact]
    public void An_answer_that_claude_has_begun_is_refused_where_it_would_begin_anew()
    {
        var begun = FromMessages("", """[{"role":"user","content":"a"},{"role":"assistant","content":"{"}]""");

        Assert.All(Both, protocol => Assert.Equal("messages", Assert.Throws<ProblemException>(() => Write(protocol, begun)).Field));
        Write(Protocol.Chat, begun with { Dialect = Dialect.Of(new() { Kind = ProviderKind.OpenRouter }) });
        Write(Protocol.Chat, FromMessages("", """[{"role":"user","content":"a"},{"role":"assistant","content":"b"},{"role":"user","content":"c"}]"""));
    }

    [Fact]
    public void An_image_that_the_assistant_said_is_refused_by_name() => Assert.All(Both, protocol => Assert.Equal("messages", Assert.Throws<ProblemException>(() =>
        Write(protocol, new() { Messages = [new(Role.Assistant, [new Part.Text("a"), new Part.Image(null, "image/png", "AA")]), new(Role.User, [new Part.Text("b")])] })).Field));

    private static bool OpenAiModelReasons(string model) => model is not ("gpt-4o" or "gpt-35-turbo" or "gpt-5.1-chat-latest");
}
