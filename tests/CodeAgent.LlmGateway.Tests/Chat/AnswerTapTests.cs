using System.Text;
using CodeAgent.LlmGateway.Chat;
using CodeAgent.LlmGateway.Tests.Support;

namespace CodeAgent.LlmGateway.Tests.Chat;

public sealed class AnswerTapTests
{
    private static AnswerTap Read(string text, bool isStream, int keep, int pieceSize)
    {
        var tap = new AnswerTap(isStream, keep);
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

        using var tap = Read(text, isStream: true, 100_000, pieceSize);

        Assert.True(tap.IsComplete);
        Assert.False(tap.HasError);
        Assert.Equal(new ChatUsage(11, 0, 5, 0), tap.Usage);
        Assert.Equal("answering-model", tap.Model);
        Assert.Equal(text, Encoding.UTF8.GetString(tap.Kept!.Value.Span));
    }

    [Fact]
    public void A_whole_answer_is_understood()
    {
        using var tap = Read(ChatCalls.Answer, isStream: false, 0, 10);

        Assert.True(tap.IsComplete);
        Assert.Equal(new ChatUsage(11, 3, 5, 0), tap.Usage);
        Assert.Null(tap.Kept);
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
        using var tap = Read(text, isStream, 100, 1000);

        Assert.False(tap.IsComplete);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Only_so_much_is_kept(bool isStream)
    {
        using var tap = Read(isStream ? ChatCalls.Chunk(new('x', 200)) + ChatCalls.Done : ChatCalls.Answer, isStream, 100, 30);

        Assert.Null(tap.Kept);
        Assert.True(tap.IsComplete);
    }

    [Fact]
    public void A_line_without_end_does_not_fill_the_memory()
    {
        using var tap = Read("data: " + new string('x', 3_000_000) + "\n\n" + ChatCalls.UsageChunk + ChatCalls.Done, isStream: true, 0, 10_000);

        Assert.True(tap.IsComplete);
        Assert.NotNull(tap.Usage);
    }
}
