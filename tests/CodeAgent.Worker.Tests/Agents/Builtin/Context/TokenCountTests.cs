using System.Diagnostics;
using CodeAgent.Worker.Agents.Builtin.Context;
using CodeAgent.Worker.Agents.Builtin.Conversations;

namespace CodeAgent.Worker.Tests.Agents.Builtin.Context;

public sealed class TokenCountTests
{
    [Fact]
    public void Words_are_about_a_token_each() => Assert.InRange(TokenCount.Of(string.Concat(Enumerable.Repeat("the quick brown fox ", 2_500))), 10_000, 10_020);

    [Fact]
    public void A_word_without_end_takes_no_time_without_end()
    {
        var start = Stopwatch.GetTimestamp();

        Assert.InRange(TokenCount.Of(new string('a', 1_000_000)), 50_000, 1_000_000);
        Assert.InRange(Stopwatch.GetElapsedTime(start), TimeSpan.Zero, TimeSpan.FromSeconds(20));
    }

    [Fact]
    public void Everything_that_a_message_sends_is_counted()
    {
        const string Words = "one two three four five six seven eight nine ten";
        var text = TokenCount.Of(new Entry { Role = EntryRole.User, Text = Words });
        var all = TokenCount.Of(new Entry
        {
            Role = EntryRole.Assistant,
            Text = Words,
            Reasoning = Words,
            Calls = [new("c", "write", System.Text.Json.JsonSerializer.SerializeToElement(new { content = Words }))],
        });

        Assert.InRange(text, 10, 16);
        Assert.InRange(all, 3 * 10, 60);
    }
}
