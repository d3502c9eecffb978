using CodeAgent.Contracts;
using CodeAgent.Worker.Deliveries;

namespace CodeAgent.Worker.Tests.Deliveries;

public sealed class CommitMessageTests
{
    private static readonly Guid Task = Guid.Parse("019a0000-0000-7000-8000-000000000001");
    private static readonly string Trailer = $"\n\nTask: {Task}\n";

    [Fact]
    public void What_was_asked_for_is_taken_as_it_is() =>
        Assert.Equal("As asked\nin two lines" + Trailer, Make("As asked\nin two lines", "Summary"));

    [Fact]
    public void A_short_summary_is_the_message() => Assert.Equal("Summary" + Trailer, Make(null, " Summary\n"));

    [Fact]
    public void Without_a_summary_the_prompt_is() => Assert.Equal("Prompt" + Trailer, Make("  ", ""));

    [Fact]
    public void A_second_line_gets_its_distance() => Assert.Equal("Subject\n\nBody" + Trailer, Make(null, "Subject\r\nBody"));

    [Fact]
    public void A_long_line_is_cut_between_words_and_follows_whole()
    {
        var summary = string.Join(' ', Enumerable.Repeat("word", 30));
        var lines = Make(null, summary).Split('\n');
        Assert.EndsWith("word…", lines[0], StringComparison.Ordinal);
        Assert.InRange(lines[0].Length, 60, 72);
        Assert.Equal(["", summary], lines[1..3]);
    }

    [Fact]
    public void A_character_of_two_halves_is_not_cut()
    {
        var subject = Make(null, "x" + string.Concat(Enumerable.Repeat("😀", 60))).Split('\n')[0];
        Assert.False(char.IsHighSurrogate(subject[^2]));
        Assert.InRange(subject.Length, 60, 72);
    }

    private static string Make(string? asked, string summary) =>
        CommitMessage.Make(new(Task, new DeliveryRequest { CommitMessage = asked }, "Prompt", summary, default));
}
