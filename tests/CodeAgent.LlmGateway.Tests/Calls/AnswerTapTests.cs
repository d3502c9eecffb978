using System.Text;
using CodeAgent.LlmGateway.Calls;
using CodeAgent.LlmGateway.Protocols;
using CodeAgent.LlmGateway.Protocols.Chat;
using CodeAgent.LlmGateway.Tests.Support;

namespace CodeAgent.LlmGateway.Tests.Calls;

public sealed class AnswerTapTests
{
    private static AnswerTap Read(string text, bool isStream, int pieceSize)
    {
        var tap = new AnswerTap(new ChatWatch(), isStream);
        foreach (var piece in Encoding.UTF8.GetBytes(text).Chunk(pieceSize))
        {
            tap.Add(piece);
        }

        tap.End();
        return tap;
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(100_000)]
    public void A_stream_is_understood_however_it_is_cut(int pieceSize)
    {
        var text = ChatCalls.Chunk("a") + ": comment\r\n\r\n" + ChatCalls.Chunk("\\\"usage\\\" and \\\"error\\\"") + ChatCalls.UsageChunk.Replace("\n", "\r\n", StringComparison.Ordinal) + ChatCalls.Done;

        using var tap = Read(text, isStream: true, pieceSize);

        Assert.True(tap.Watch.IsComplete);
        Assert.Null(tap.Watch.Error);
        Assert.Equal(new TokenUsage(11, 0, 5, 0), tap.Watch.Usage);
        Assert.Equal("answering-model", tap.Watch.Model);
    }

    [Fact]
    public void A_whole_answer_is_understood()
    {
        using var tap = Read(ChatCalls.Answer, isStream: false, 10);

        Assert.True(tap.Watch.IsComplete);
        Assert.Equal(new TokenUsage(11, 3, 5, 0), tap.Watch.Usage);
    }

    [Theory]
    [InlineData("data: {\"choices\":[]}\n\n", true)]
    [InlineData("data: {\"error\":{}}\n\ndata: [DONE]\n\n", true)]
    [InlineData("data: [DONE]", true)]
    [InlineData("", false)]
    [InlineData("{\"error\":{}}", false)]
    [InlineData("{\"choices\":[]", false)]
    public void What_is_not_whole_is_not_complete(string text, bool isStream)
    {
        using var tap = Read(text, isStream, 1000);

        Assert.False(tap.Watch.IsComplete);
    }

    [Fact]
    public void Only_so_much_is_kept()
    {
        using var small = new AnswerCopy(100);
        using var large = new AnswerCopy(200);
        using var none = new AnswerCopy(0);
        foreach (var copy in new[] { small, large, none })
        {
            copy.Add(new byte[60]);
            copy.Add(new byte[60]);
        }

        Assert.Null(small.Bytes);
        Assert.Equal(120, large.Bytes!.Value.Length);
        Assert.Null(none.Bytes);
    }

    [Fact]
    public void A_line_without_end_does_not_fill_the_memory()
    {
        using var tap = Read("data: " + new string('x', 40_000_000) + "\n\n" + ChatCalls.UsageChunk + ChatCalls.Done, isStream: true, 10_000);

        Assert.True(tap.Watch.IsComplete);
        Assert.NotNull(tap.Watch.Usage);
    }
}
