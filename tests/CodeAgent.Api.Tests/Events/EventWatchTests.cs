using System.Text.Json;
using CodeAgent.Api.Events;
using CodeAgent.Contracts;
using Microsoft.Extensions.Time.Testing;

namespace CodeAgent.Api.Tests.Events;

public sealed class EventWatchTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(15);
    private readonly FakeTimeProvider _time = new();
    private readonly EventWatch _watch = new(_ => { });

    [Fact]
    public async Task What_is_told_comes_in_order()
    {
        _watch.Tell(Notice(1));
        _watch.Tell(Notice(2));

        Assert.Equal([1L], await NextAsync());
        Assert.Equal([2L], await NextAsync());
    }

    [Fact]
    public async Task After_silence_there_is_nothing()
    {
        var next = NextAsync();
        _time.Advance(Limit);

        Assert.Empty(await next);
    }

    [Fact]
    public async Task A_watcher_that_waits_is_woken_to_read_the_log()
    {
        var next = NextAsync();
        _watch.TellMissed();

        Assert.Empty(await next.WaitAsync(TimeSpan.FromSeconds(5), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_watcher_that_is_too_slow_is_told_to_read_the_log_and_then_hears_again()
    {
        for (var i = 1; i <= 1_000; i++)
        {
            _watch.Tell(Notice(i));
        }

        var heard = new List<long>();
        while (await NextAsync() is [var number])
        {
            heard.Add(number);
        }

        Assert.InRange(heard.Count, 1, 999);
        Assert.Equal(Enumerable.Range(1, heard.Count).Select(i => (long)i), heard);
        _watch.Tell(Notice(1_001));
        Assert.Equal([1_001L], await NextAsync());
    }

    [Fact]
    public async Task A_watcher_that_does_not_read_keeps_a_bounded_length_of_what_is_told()
    {
        var text = new string('x', 100_000);
        for (var i = 1; i <= 60; i++)
        {
            _watch.Tell(new(Guid.Empty, [new(i, EventTypes.Output, text)]));
        }

        Assert.Equal([1L], await NextAsync());
        Assert.Equal([2L], await NextAsync());
        Assert.Empty(await NextAsync());
        _watch.Tell(new(Guid.Empty, [new(61, EventTypes.Output, new string('x', 1_000_000))]));
        Assert.Equal([61L], await NextAsync());
    }

    [Fact]
    public async Task Whoever_leaves_stops_waiting()
    {
        using var leaving = new CancellationTokenSource();
        var next = _watch.NextAsync(Limit, _time, leaving.Token);
        await leaving.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => next);
    }

    [Fact]
    public void A_notice_survives_its_message()
    {
        var notice = EventNotice.Of(Guid.CreateVersion7(), [
            new(7, DateTimeOffset.UnixEpoch, EventTypes.Output, 1, JsonSerializer.SerializeToElement(new { text = "two\nlines" })),
            new(8, DateTimeOffset.UnixEpoch, EventTypes.TaskCanceled, 1, JsonSerializer.SerializeToElement(new { }))]);

        var parsed = EventNotice.Parse(notice.ToMessage());

        Assert.Equal((notice.Task, notice.Task), (parsed.Task, EventNotice.TaskOf(notice.ToMessage())));
        Assert.Equal(notice.Events, parsed.Events);
        Assert.Equal([false, true], parsed.Events.Select(e => e.IsFinal));
    }

    private async Task<List<long>> NextAsync() =>
        [.. (await _watch.NextAsync(Limit, _time, TestContext.Current.CancellationToken)).Select(e => e.Number)];

    private static EventNotice Notice(long number) => new(Guid.Empty, [new(number, EventTypes.Output, "{}")]);
}
