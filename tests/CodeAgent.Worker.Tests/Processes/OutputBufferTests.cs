using CodeAgent.Worker.Processes;

namespace CodeAgent.Worker.Tests.Processes;

public sealed class OutputBufferTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(60)]
    [InlineData(299)]
    [InlineData(300)]
    public void A_text_up_to_the_limit_stays_whole(int length)
    {
        var text = string.Concat(Enumerable.Range(0, length).Select(i => (char)('a' + (i % 26))));
        Assert.Equal(text, Fill(text, 300));
    }

    [Theory]
    [InlineData(301)]
    [InlineData(1000)]
    [InlineData(12345)]
    public void A_longer_one_is_cut_in_the_middle_and_says_by_how_much(int length)
    {
        var text = string.Concat(Enumerable.Range(0, length).Select(i => (char)('a' + (i % 26))));
        var cut = Fill(text, 300);
        Assert.InRange(cut.Length, 200, 300);
        var parts = cut.Split('\n');
        Assert.StartsWith(parts[0], text, StringComparison.Ordinal);
        Assert.EndsWith(parts[2], text, StringComparison.Ordinal);
        Assert.Equal($"[… {length - parts[0].Length - parts[2].Length:N0} characters left out …]", parts[1]);
    }

    [Fact]
    public void A_character_of_two_halves_is_not_cut()
    {
        foreach (var shift in new[] { "", "x" })
        {
            Assert.DoesNotContain(Fill(shift + string.Concat(Enumerable.Repeat("😀", 1000)), 301).EnumerateRunes(), rune => rune.Value == 0xFFFD);
        }
    }

    // In pieces of all sizes, as it comes.
    private static string Fill(string text, int limit)
    {
        var buffer = new OutputBuffer(limit);
        for (int start = 0, size = 0; start < text.Length; start += size, size = (size + 1) % 40)
        {
            buffer.Append(text.AsSpan(start, Math.Min(size, text.Length - start)));
        }

        return buffer.ToString();
    }
}
