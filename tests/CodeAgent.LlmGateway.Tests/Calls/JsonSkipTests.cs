using System.Text;
using System.Text.Json;
using CodeAgent.LlmGateway.Calls;

namespace CodeAgent.LlmGateway.Tests.Calls;

public sealed class JsonSkipTests
{
    private const string Conversation = """
        [{"role":"user","content":"a \"quoted\" line\nand \u00e9\\ ","n":[-1.5e+3, 0, true, false, null, {}, [], [[{"deep":[ ]}]]]} , {"":""}]
        """;

    [Theory]
    [InlineData("\"text\"")]
    [InlineData("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u12aF\"")]
    [InlineData("  {\"a\" : { \"b\" :[1 , 2]} }")]
    [InlineData("-0.1e-7")]
    [InlineData("null")]
    [InlineData(Conversation)]
    public void A_valid_value_is_passed_over_to_its_end(string value)
    {
        var end = Encoding.UTF8.GetByteCount(value.TrimEnd());
        Assert.Equal(end, JsonSkip.End(Encoding.UTF8.GetBytes(value), 0));
        Assert.Equal(end + 1, JsonSkip.End(Encoding.UTF8.GetBytes($":{value.TrimEnd()},\"next\":1}}"), 1));
    }

    [Theory]
    [InlineData("")]
    [InlineData("\"open")]
    [InlineData("\"\\x\"")]
    [InlineData("\"\\u12g4\"")]
    [InlineData("\"\\u12")]
    [InlineData("\"a\nb\"")]
    [InlineData("[1,]")]
    [InlineData("[1 2]")]
    [InlineData("[}")]
    [InlineData("{\"a\":1]")]
    [InlineData("{\"a\"}")]
    [InlineData("{a:1}")]
    [InlineData("{\"a\":1,}")]
    [InlineData("[[1]")]
    [InlineData("01")]
    [InlineData("-")]
    [InlineData("1.")]
    [InlineData("1e+")]
    [InlineData("nul")]
    public void What_is_not_valid_is_not_passed_over(string value) => Assert.Equal(-1, JsonSkip.End(Encoding.UTF8.GetBytes(value), 0));

    [Fact]
    public void It_agrees_with_the_strict_reader_whatever_is_done_to_a_conversation()
    {
        const string Letters = "\"\\{}[]:,0-.eEutn \n\u0001a";
        var random = new Random(7);
        var refused = 0;
        for (var i = 0; i < 20_000; i++)
        {
            var text = new StringBuilder(Conversation);
            for (var change = random.Next(1, 4); change > 0; change--)
            {
                var at = random.Next(1, text.Length);
                _ = random.Next(3) switch
                {
                    0 => text.Remove(at, 1),
                    1 => text.Insert(at, Letters[random.Next(Letters.Length)]),
                    _ => text.Replace(text[at], Letters[random.Next(Letters.Length)], at, 1),
                };
            }

            var json = Encoding.UTF8.GetBytes(text.ToString());
            var expected = EndByTheReader(json);
            refused += expected < 0 ? 1 : 0;
            Assert.True(expected == JsonSkip.End(json, 0), text.ToString());
        }

        Assert.InRange(refused, 1_000, 19_000);
    }

    private static int EndByTheReader(byte[] json)
    {
        try
        {
            var reader = new Utf8JsonReader(json);
            reader.Read();
            reader.Skip();
            return (int)reader.BytesConsumed;
        }
        catch (JsonException)
        {
            return -1;
        }
    }
}
