using System.Text;
using System.Text.Json;
using CodeAgent.LlmGateway.Calls;
using CodeAgent.ServiceDefaults.Problems;

namespace CodeAgent.LlmGateway.Tests.Calls;

public sealed class RequestScanTests
{
    [Theory]
    [InlineData("""{"messages":[{"content":"\"model\":\"no\""}], "model" : "yes" ,"stream":true,"tools":[{}]}""")]
    [InlineData("""{"model":"yes","messages":[],"stream":true}""")]
    [InlineData("""{ "a":{"model":"no"},"b":[["c"]],"c":-1.5,"stream":true,"d":null,"model":"yes"}""")]
    public void The_model_is_found_where_it_stands_among_other_properties(string body)
    {
        var scan = RequestScan.Read(Encoding.UTF8.GetBytes(body));
        var (start, end) = scan.ModelToken!.Value;
        Assert.Equal("yes", scan.Model);
        Assert.Equal("\"yes\"", body[start..end]);
        Assert.True(scan.IsStream);
    }

    [Theory]
    [InlineData("""{"messages":["a"],"stream_options":{"include_usage":false},"model":"m"}""", """{"messages":["a"],"stream_options":{"include_usage":true},"model":"m"}""")]
    [InlineData("""{"messages":["a"],"stream_options":{},"model":"m"}""", """{"messages":["a"],"stream_options":{"include_usage":true},"model":"m"}""")]
    [InlineData("""{"messages":["a"],"stream_options":null,"model":"m"}""", """{"messages":["a"],"stream_options":{"include_usage":true},"model":"m"}""")]
    public void A_wish_for_usage_behind_a_prompt_is_put_in_its_place(string body, string wished)
    {
        var (start, end, text) = RequestScan.Read(Encoding.UTF8.GetBytes(body)).UsageWish;
        Assert.Equal(wished, body[..start] + Encoding.UTF8.GetString(text) + body[end..]);
    }

    [Theory]
    [InlineData("{\"model\":\"small\",\"Model\":\"large\"}", "model")]
    [InlineData("{\"MODEL\":\"large\",\"model\":\"small\"}", "model")]
    [InlineData("{\"model\":\"m\",\"N\":9}", "n")]
    [InlineData("{\"model\":\"m\",\"Stream\":true}", "stream")]
    [InlineData("{\"model\":\"m\",\"\u017ftream\":true}", "stream")]
    [InlineData("{\"model\":\"m\",\"max_to\u212aens\":9}", "max_tokens")]
    [InlineData("{\"model\":\"m\",\"\\u004dax_Tokens\":9}", "max_tokens")]
    [InlineData("{\"model\":\"m\",\"Max_Completion_Tokens\":9}", "max_completion_tokens")]
    public void A_name_that_some_servers_take_for_another_is_refused(string body, string field)
    {
        var e = Assert.Throws<ProblemException>(() => RequestScan.Read(Encoding.UTF8.GetBytes(body)));

        Assert.Equal((400, field), (e.Status, e.Field));
    }

    [Fact]
    public void Other_names_go_through_and_half_a_character_is_no_name_of_anything()
    {
        var scan = RequestScan.Read("""{"mode":"a","Nn":1,"é":2,"\u00e9":3,"prompt_cache_key":"\ud83d","metadata":{"user_id":"\ud83d"},"model":"m"}"""u8);

        Assert.Equal(("m", null, null), (scan.Model, scan.PromptCacheKey, scan.UserId));
        Assert.Equal("model", Assert.Throws<ProblemException>(() => RequestScan.Read("""{"model":"\ud83d"}"""u8)).Field);
        Assert.Equal("invalid-json", Assert.Throws<ProblemException>(() => RequestScan.Read("""{"model":"m","\ud83d":3}"""u8)).Type);
    }

    [Theory]
    [InlineData("{\"messages\":[1,2],\n\"model\":\"m\",\n\"x\":[1,}", 2, 7)]
    [InlineData("{\"messages\":[1,2],\n\"model\":\"m\",}", 1, 12)]
    [InlineData("{\"messages\":[1,2]\n\"model\":\"m\"}", 1, 0)]
    public void What_is_wrong_behind_a_prompt_is_told_with_its_line(string body, long line, long position)
    {
        var e = Assert.ThrowsAny<JsonException>(() => RequestScan.Read(Encoding.UTF8.GetBytes(body)));
        Assert.Equal((line, position), (e.LineNumber, e.BytePositionInLine));
    }

    [Theory]
    [InlineData("""{"max_tokens":9000,"max_completion_tokens":1,"model":"m"}""", 9000)]
    [InlineData("""{"max_completion_tokens":9000,"model":"m","max_tokens":1}""", 9000)]
    [InlineData("""{"max_tokens":null,"max_completion_tokens":7,"model":"m"}""", 7)]
    [InlineData("""{"max_tokens":2e3,"model":"m"}""", 2000)]
    [InlineData("""{"max_output_tokens":64.5,"model":"m"}""", 65)]
    [InlineData("""{"max_tokens":"4000","model":"m"}""", 4000)]
    [InlineData("""{"max_tokens":1e300,"model":"m"}""", 1_000_000_000_000_000)]
    [InlineData("""{"max_tokens":"Infinity","model":"m"}""", 1_000_000_000_000_000)]
    [InlineData("""{"generation_config":{"max_output_tokens":"50"},"model":"m"}""", 50)]
    public void Of_several_limits_of_the_output_the_largest_is_what_may_be_used(string body, long most) =>
        Assert.Equal(most, RequestScan.Read(Encoding.UTF8.GetBytes(body)).MaxOutputTokens);

    [Theory]
    [InlineData("""{"max_tokens":-1,"model":"m"}""")]
    [InlineData("""{"max_tokens":0,"model":"m"}""")]
    [InlineData("""{"max_tokens":-1,"max_completion_tokens":1,"model":"m"}""")]
    [InlineData("""{"max_completion_tokens":1,"max_tokens":"NaN","model":"m"}""")]
    [InlineData("""{"max_tokens":"-Infinity","model":"m"}""")]
    [InlineData("""{"max_tokens":"many","model":"m"}""")]
    public void A_limit_that_some_take_for_none_is_none(string body) => Assert.Null(RequestScan.Read(Encoding.UTF8.GetBytes(body)).MaxOutputTokens);

    [Theory]
    [InlineData("""{"n":3,"model":"m"}""", 3)]
    [InlineData("""{"n":"1_0","model":"m"}""", 10)]
    [InlineData("""{"n":"NaN","model":"m"}""", 1)]
    [InlineData("""{"n":1e9,"model":"m"}""", 1024)]
    [InlineData("""{"n":2.0,"model":"m"}""", 2)]
    [InlineData("""{"n":"4","model":"m"}""", 4)]
    [InlineData("""{"n":5,"n":1,"model":"m"}""", 5)]
    [InlineData("""{"n":null,"model":"m"}""", 1)]
    [InlineData("""{"n":-1e300,"model":"m"}""", 1)]
    [InlineData("""{"generation_config":{"candidate_count":4},"model":"m"}""", 4)]
    [InlineData("""{"generationConfig":{"candidateCount":"6"},"generation_config":{"candidate_count":2},"model":"m"}""", 6)]
    public void However_a_number_of_answers_is_written_it_is_what_may_be_used(string body, int choices) =>
        Assert.Equal(choices, RequestScan.Read(Encoding.UTF8.GetBytes(body)).Choices);

    [Theory]
    [InlineData("\ufeff{\"model\":\"m\"}", "byte order mark")]
    [InlineData("{\"model\":\"m\",}", "line 1, byte 14.")]
    [InlineData("{\"model\":\"m\",\"x\":DEEP}", "it is more than 512 levels deep.")]
    public void What_is_no_JSON_is_refused_with_the_reason(string text, string reason)
    {
        var body = text.Replace("DEEP", new string('[', 600) + new string(']', 600), StringComparison.Ordinal);
        var e = Assert.Throws<ProblemException>(() => new ModelRequest(LlmGateway.Protocols.Protocol.Chat, LlmGateway.Protocols.Operation.Generate, Encoding.UTF8.GetBytes(body)));

        Assert.Equal("invalid-json", e.Type);
        Assert.Contains(reason, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_response_in_the_background_is_refused_before_anybody_is_asked()
    {
        static ModelRequest Ask(string wish) => new(
            LlmGateway.Protocols.Protocol.Responses, LlmGateway.Protocols.Operation.Generate, Encoding.UTF8.GetBytes($$"""{"model":"m","input":"hi","background":{{wish}} }"""));

        Assert.Equal("background", Assert.Throws<ServiceDefaults.Problems.ProblemException>(() => Ask("true")).Field);
        Assert.Equal("m", Ask("false").Model);
    }
}
