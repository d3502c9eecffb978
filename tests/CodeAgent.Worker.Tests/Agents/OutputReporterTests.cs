using System.Text.Json;
using CodeAgent.Contracts;
using CodeAgent.Testing;
using CodeAgent.Worker.Agents;

namespace CodeAgent.Worker.Tests.Agents;

public sealed class OutputReporterTests
{
    private readonly Session _session = new();

    [Fact]
    public async Task Small_writes_come_together_as_whole_lines()
    {
        await using (var reporter = Reporter())
        {
            foreach (var piece in new[] { "one ", "line\ntw", "o lines\nand ", "a half" })
            {
                await reporter.WriteAsync(piece, TestContext.Current.CancellationToken);
            }
        }

        // When the reporter looks, some of it may be there and some not yet; only the ends of lines are sure.
        Assert.Equal("one line\ntwo lines\nand a half", string.Concat(_session.Reported));
        Assert.All(_session.Reported.SkipLast(1), piece => Assert.EndsWith("\n", piece, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_line_that_does_not_end_is_told_all_the_same()
    {
        await using var reporter = Reporter();
        await reporter.WriteAsync("a question? ", TestContext.Current.CancellationToken);
        await Eventually.TrueAsync(() => Task.FromResult(_session.Reported.Count == 1), TimeSpan.FromSeconds(5), "the line is told");
    }

    [Fact]
    public async Task An_endless_line_comes_in_pieces_that_cut_no_character()
    {
        var text = "x" + string.Concat(Enumerable.Repeat("😀", 30_000));
        await using (var reporter = Reporter())
        {
            for (var start = 0; start < text.Length; start += 5000)
            {
                await reporter.WriteAsync(text[start..Math.Min(start + 5000, text.Length)], TestContext.Current.CancellationToken);
            }
        }

        Assert.Equal(text, string.Concat(_session.Reported));
        Assert.All(_session.Reported, piece => Assert.InRange(piece.Length, 1, 16 * 1024));
        Assert.All(_session.Reported, piece => Assert.False(char.IsLowSurrogate(piece[0])));
    }

    [Fact]
    public async Task When_nobody_takes_the_events_any_more_the_writer_is_told()
    {
        await using var reporter = Reporter();
        _session.Fails = true;
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            while (true)
            {
                await reporter.WriteAsync("line\n", TestContext.Current.CancellationToken);
            }
        });
    }

    private OutputReporter Reporter() => new(_session, TimeProvider.System, TestContext.Current.CancellationToken);

    private sealed class Session : IAgentSession
    {
        public List<string> Reported { get; } = [];

        public bool Fails { get; set; }

        public DateTimeOffset Deadline => DateTimeOffset.MaxValue;

        public ValueTask ReportAsync(string type, object data, CancellationToken cancellationToken)
        {
            Assert.Equal(EventTypes.Output, type);
            if (Fails)
            {
                throw new OperationCanceledException();
            }

            Reported.Add(JsonSerializer.SerializeToElement(data).GetProperty("text").GetString()!);
            return default;
        }

        public Task NoteAsync(string note, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task CheckpointAsync(int turn, JsonElement state, int messagesSeen, Usage usage, CancellationToken cancellationToken) => throw new NotSupportedException();

        public IReadOnlyList<FollowUp> MessagesAfter(int after) => [];
    }
}
