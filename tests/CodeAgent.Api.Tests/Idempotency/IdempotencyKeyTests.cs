using CodeAgent.Api.Idempotency;
using CodeAgent.ServiceDefaults.Problems;
using Microsoft.Extensions.Primitives;

namespace CodeAgent.Api.Tests.Idempotency;

public sealed class IdempotencyKeyTests
{
    [Theory]
    [InlineData("8e03978e-40d5-43dd-bc93-6894a57f9324", "8e03978e-40d5-43dd-bc93-6894a57f9324")]
    [InlineData("\"8e03978e\"", "8e03978e")]
    [InlineData("\"two words\"", "two words")]
    [InlineData(" a:b/c=1 ", "a:b/c=1")]
    [InlineData("""
        "a\"b\\c"
        """, """a"b\c""")]
    public void A_key_is_a_string_with_or_without_quotes(string header, string key) => Assert.Equal(key, IdempotencyKey.Parse(header.Trim('\n')));

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("\"\"")]
    [InlineData("two words")]
    [InlineData("\"a")]
    [InlineData("a\"b")]
    [InlineData("\"a\";p=1")]
    [InlineData("\"a\", \"b\"")]
    [InlineData("a,b")]
    [InlineData("a;b")]
    [InlineData("\"a\\b\"")]
    [InlineData("schlüssel")]
    [InlineData("\"tab\tbed\"")]
    public void What_is_no_key_is_refused(string header) => Refused(header);

    [Fact]
    public void A_key_is_neither_too_long_nor_several()
    {
        Assert.Equal(255, IdempotencyKey.Parse(new string('k', 255)).Length);
        Refused(new string('k', 256));
        Refused(new StringValues(["a", "b"]));
    }

    private static void Refused(StringValues header)
    {
        var refused = Assert.Throws<ProblemException>(() => IdempotencyKey.Parse(header));
        Assert.Equal(("invalid-idempotency-key", 400, "Idempotency-Key"), (refused.Type, refused.Status, refused.Field));
    }
}
