using System.Text;
using CodeAgent.ServiceDefaults.Identity;
using CodeAgent.ServiceDefaults.Secrecy;

namespace CodeAgent.LlmGateway.Tests.Secrecy;

public sealed class SecretTextTests
{
    // Put together here, so that no search for keys in the sources takes them for some.
    public static TheoryData<string, string> Shapes => new()
    {
        { "OpenAI", "sk-" + "proj-0123456789abcdefABCDEF_0123456789" },
        { "Anthropic", "sk-" + "ant-api03-0123456789abcdef-ABCDEF_0123" },
        { "GitHub", "gh" + "p_0123456789abcdefghijABCDEFGHIJ012345" },
        { "GitHub's app", "gh" + "s_0123456789abcdefghijABCDEFGHIJ012345" },
        { "GitHub, fine-grained", "github" + "_pat_0123456789abcdefghij_ABCDEFGHIJ" },
        { "GitLab", "gl" + "pat-0123456789abcdefghij" },
        { "Slack", "xox" + "b-0123456789-0123456789-abcdefghij" },
        { "AWS", "AKIA" + "0123456789ABCDEF" },
        { "Google", "AIza" + "0123456789abcdefghijABCDEFGHIJ01234" },
        { "Google's OAuth", "ya29" + ".0123456789abcdefghij" },
        { "JWT", "eyJ" + "hbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U" },
        { "our key", Secret.NewKey() },
        { "our token", Secret.NewToken(Guid.CreateVersion7(), 12) },
    };

    [Theory]
    [MemberData(nameof(Shapes))]
    public void A_key_of_a_known_shape_is_hidden_wherever_it_stands(string kind, string key)
    {
        Assert.NotEmpty(kind);
        Assert.Equal("with *** in it", SecretText.Hide($"with {key} in it"));
        Assert.Equal("{\"key\":\"***\"}", SecretText.Hide($"{{\"key\":\"{key}\"}}"));
        Assert.Equal("?key=***&x", SecretText.Hide($"?key={key}&x"));
        Assert.Equal("ä ***", Encoding.UTF8.GetString(SecretText.Hide(Encoding.UTF8.GetBytes($"ä {key}"))));
    }

    [Fact]
    public void A_secret_key_of_AWS_is_hidden_where_it_is_named()
    {
        var key = "wJalrXUtnFEMI/K7MDENG/" + "bPxRfiCYEXAMPLEKEY";
        Assert.Equal("aws_secret_access_key = ***\n", SecretText.Hide($"aws_secret_access_key = {key}\n"));
        Assert.Equal("\"SecretAccessKey\": \"***\"", SecretText.Hide($"\"SecretAccessKey\": \"{key}\""));
        Assert.Equal("AWS_SECRET_ACCESS_KEY=***", SecretText.Hide($"AWS_SECRET_ACCESS_KEY={key}"));
    }

    [Fact]
    public void A_webhook_of_Slack_is_hidden() => Assert.Equal(
        "https://hooks.slack.com/services/*** x", SecretText.Hide("https://hooks.slack.com/services/" + "T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX x"));

    [Theory]
    [InlineData("-----END RSA PRIVATE KEY-----\nafter", "before *** \nafter")]
    [InlineData("", "before ***")]
    public void A_private_key_is_hidden_to_its_end_or_where_there_is_none_to_that_of_the_text(string end, string left)
    {
        var text = "before -----BEGIN " + "RSA PRIVATE KEY-----\nMIIEow\nIBAAKCAQ\n" + end;
        Assert.Equal(left.Replace("*** \n", "***\n", StringComparison.Ordinal), SecretText.Hide(text));
    }

    [Theory]
    [InlineData("The disk-usage-of-the-whole-machine-is-known-by-now is 4 %")]
    [InlineData("task-0123456789abcdefghijABCDEFGHIJ")]
    [InlineData("ca_certificates and cat_food in a list")]
    [InlineData("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----")]
    [InlineData("eyJ is how it begins")]
    [InlineData("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")]
    public void What_only_looks_a_little_like_one_stays_and_is_not_copied(string text)
    {
        Assert.Equal(text, SecretText.Hide(text));
        var bytes = Encoding.UTF8.GetBytes(text);
        Assert.Equal(text, Encoding.UTF8.GetString(SecretText.Hide(bytes)));
    }

    [Fact]
    public void What_the_process_knows_is_hidden_by_its_value_in_every_spelling()
    {
        SecretText.Know("p+ss/w\"rd-of-nobody", "short");

        Assert.Equal("*** *** *** short", SecretText.Hide("p+ss/w\"rd-of-nobody p\\u002Bss/w\\u0022rd-of-nobody p%2Bss%2Fw%22rd-of-nobody short"));
    }

    [Fact]
    public void A_long_line_of_nothing_but_beginnings_takes_no_time()
    {
        var text = string.Concat(Enumerable.Repeat("-----BEGIN sk- eyJa.eyJ ghp_ AKIA secret_access_key=", 20_000));
        var clock = System.Diagnostics.Stopwatch.StartNew();

        Assert.Equal(text, SecretText.Hide(text));
        Assert.InRange(clock.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(10));
    }
}
