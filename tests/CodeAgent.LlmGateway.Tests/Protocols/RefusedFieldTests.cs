using System.Text;
using CodeAgent.LlmGateway.Calls;
using CodeAgent.LlmGateway.Protocols;
using CodeAgent.ServiceDefaults.Problems;

namespace CodeAgent.LlmGateway.Tests.Protocols;

/// <summary>What another protocol cannot say is refused by the name of its field.</summary>
public sealed class RefusedFieldTests
{
    private const string Chat = "\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]";
    private const string Responses = "\"input\":\"hi\"";

    [Theory]
    [InlineData("n", "2")]
    [InlineData("logprobs", "true")]
    [InlineData("top_logprobs", "3")]
    [InlineData("logit_bias", "{\"50256\":-100}")]
    [InlineData("modalities", "[\"text\",\"audio\"]")]
    [InlineData("audio", "{\"voice\":\"alloy\"}")]
    [InlineData("store", "true")]
    [InlineData("web_search_options", "{}")]
    [InlineData("functions", "[]")]
    [InlineData("field_of_tomorrow", "1")]
    [InlineData("tools[0].type", null, "\"tools\":[{\"type\":\"custom\",\"custom\":{\"name\":\"a\"}}]")]
    [InlineData("messages[0].name", null, "\"messages\":[{\"role\":\"user\",\"content\":\"x\",\"name\":\"bob\"}]")]
    [InlineData("messages[0].content[0].type", null, "\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"input_audio\"}]}]")]
    [InlineData("messages[0].content[0].file.file_id", null, "\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"file\",\"file\":{\"file_id\":\"file-1\"}}]}]")]
    public void In_chat_completions(string field, string? value, string? json = null) => Refused(Protocol.Chat, Chat, field, value, json);

    [Theory]
    [InlineData("previous_response_id", "\"resp_1\"")]
    [InlineData("conversation", "\"conv_1\"")]
    [InlineData("background", "true")]
    [InlineData("store", "true")]
    [InlineData("truncation", "\"auto\"")]
    [InlineData("top_logprobs", "3")]
    [InlineData("prompt", "{\"id\":\"pmpt_1\"}")]
    [InlineData("field_of_tomorrow", "{}")]
    [InlineData("include[0]", null, "\"include\":[\"message.output_text.logprobs\"]")]
    [InlineData("tools[1].type", null, "\"tools\":[{\"type\":\"function\",\"name\":\"a\"},{\"type\":\"web_search\"}]")]
    [InlineData("tools[0].type", null, "\"tools\":[{\"type\":\"file_search\",\"vector_store_ids\":[]}]")]
    [InlineData("tool_choice.type", null, "\"tool_choice\":{\"type\":\"image_generation\"}")]
    [InlineData("input[0].type", null, "\"input\":[{\"type\":\"web_search_call\",\"id\":\"ws_1\"}]")]
    [InlineData("input[0].content[0].file_id", null, "\"input\":[{\"role\":\"user\",\"content\":[{\"type\":\"input_image\",\"file_id\":\"file-1\"}]}]")]
    public void In_responses(string field, string? value, string? json = null) => Refused(Protocol.Responses, Responses, field, value, json);

    [Theory]
    [InlineData("\"metadata\":{\"a\":\"b\"},\"store\":false,\"service_tier\":\"flex\",\"n\":1,\"logprobs\":false,\"modalities\":[\"text\"],\"logit_bias\":{},\"audio\":null,\"prediction\":{},\"stream_options\":{\"include_usage\":true}")]
    public void What_changes_nothing_of_the_answer_is_let_be_in_chat_completions(string json) => Read(Protocol.Chat, $"{Chat},{json}");

    [Theory]
    [InlineData("\"metadata\":{},\"client_metadata\":{\"a\":\"b\"},\"store\":false,\"background\":false,\"truncation\":\"disabled\",\"include\":[\"reasoning.encrypted_content\"],\"previous_response_id\":null,\"max_tool_calls\":3")]
    public void What_changes_nothing_of_the_answer_is_let_be_in_responses(string json) => Read(Protocol.Responses, $"{Responses},{json}");

    [Theory]
    [InlineData("\"stop\":[\"END\"]", "stop")]
    [InlineData("\"seed\":1", "seed")]
    [InlineData("\"presence_penalty\":0.5", "presence_penalty")]
    public void Responses_have_no_words_for_some_of_it(string json, string field)
    {
        var conversation = VendorAnswers.Protocols[Protocol.Chat].Read(Request(Protocol.Chat, $"{Chat},{json}"));

        Assert.Equal(field, Assert.Throws<ProblemException>(() => VendorAnswers.Protocols[Protocol.Responses].Write(conversation, "m")).Field);
    }

    private static void Refused(Protocol protocol, string rest, string field, string? value, string? json)
    {
        var given = json ?? $"\"{field}\":{value}";
        var isWhole = given.StartsWith(rest[..rest.IndexOf(':', StringComparison.Ordinal)], StringComparison.Ordinal);

        var e = Assert.Throws<ProblemException>(() => Read(protocol, isWhole ? given : $"{rest},{given}"));

        Assert.Equal((400, "unsupported-by-provider", field), (e.Status, e.Type, e.Field));
        Assert.Contains(field, e.Message, StringComparison.Ordinal);
    }

    private static void Read(Protocol protocol, string json) => VendorAnswers.Protocols[protocol].Read(Request(protocol, json));

    private static ModelRequest Request(Protocol protocol, string json) => new(protocol, Operation.Generate, Encoding.UTF8.GetBytes($"{{\"model\":\"m\",{json}}}"));
}
