using System.Text;
using CodeAgent.LlmGateway.Calls;
using CodeAgent.LlmGateway.Protocols;
using CodeAgent.LlmGateway.Protocols.Neutral;
using CodeAgent.LlmGateway.Providers.Estimates;

namespace CodeAgent.LlmGateway.Tests.Protocols;

/// <summary>What a tool printed, cut in the middle of an emoji.</summary>
public sealed class HalfCharacterTests
{
    public static TheoryData<string, string> Requests { get; } = new()
    {
        { "Chat", """{"model":"m","messages":[{"role":"user","content":"TEXT"}]}""" },
        { "Responses", """{"model":"m","input":[{"role":"user","content":"TEXT"}],"tools":[{"type":"custom","name":"TEXT"}]}""" },
        { "Messages", """{"model":"m","max_tokens":1,"messages":[{"role":"user","content":[{"type":"text","text":"TEXT"}]}]}""" },
        { "Gemini", """{"contents":[{"parts":[{"text":"TEXT"}]}]}""" },
    };

    [Theory]
    [MemberData(nameof(Requests))]
    public void Half_a_character_becomes_a_mark_and_the_rest_stays(string name, string body)
    {
        var protocol = Enum.Parse<Protocol>(name);
        foreach (var (written, read) in new[]
        {
            ("a \\ud83d b", "a \ufffd b"), ("\\uDE00", "\ufffd"), ("\\ud83d\\ud83d\\ude00", "\ufffd\U0001f600"), ("\\ud83d\\ude00", "\U0001f600"),
            ("\\\\ud83d", "\\ud83d"), ("\\ud83d\\n", "\ufffd\n"), ("ä\\u00e4", "ää"),
        })
        {
            var request = new ModelRequest(protocol, Operation.Generate, Encoding.UTF8.GetBytes(body.Replace("TEXT", written, StringComparison.Ordinal)), "m", isStream: false);

            Assert.Equal(read, Assert.IsType<Part.Text>(VendorAnswers.Protocols[protocol].Read(request).Messages[0].Parts[0]).Value);
            Assert.NotNull(VendorAnswers.Protocols[protocol].Writer(request));
        }
    }

    [Fact]
    public void Bytes_that_are_no_text_become_marks_too()
    {
        byte[] body = [.. """{"model":"m","messages":[{"role":"user","content":"a"""u8, 0xf0, 0x9f, 0x98, .. """\ud83d"}]}"""u8];

        var read = VendorAnswers.Protocols[Protocol.Chat].Read(new(Protocol.Chat, Operation.Generate, body));

        Assert.Equal("a\ufffd\ufffd", Assert.IsType<Part.Text>(read.Messages[0].Parts[0]).Value);
    }

    [Fact]
    public void Its_tokens_can_be_counted() => Assert.True(new TokenEstimator().Count("""{"messages":[{"role":"user","content":"a \ud83d b"}]}"""u8.ToArray()) > 0);
}
