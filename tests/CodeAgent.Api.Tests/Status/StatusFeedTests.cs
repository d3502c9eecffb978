using System.Net.ServerSentEvents;
using System.Text.Json;
using CodeAgent.Api.Status;
using CodeAgent.Contracts;
using CodeAgent.Testing;
using Microsoft.Extensions.Time.Testing;

namespace CodeAgent.Api.Tests.Status;

public sealed class StatusFeedTests : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(15);
    private readonly FakeTimeProvider _time = new();
    private readonly StatusFeed _feed;
    private long _queued;
    private int _reads;
    private bool _away;

    public StatusFeedTests() => _feed = new(ReadAsync, Heartbeat, _time);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Five_thousand_watchers_need_as_many_reads_as_one_does_and_get_the_same_bytes()
    {
        var watchers = Enumerable.Range(0, 5_000).Select(_ => _feed.WatchAsync(Stop).GetAsyncEnumerator(Stop)).ToList();
        var first = await NextOfAllAsync(watchers);
        Assert.Equal(1, _reads);
        Assert.Single(first.Distinct());

        for (var i = 1; i <= 3; i++)
        {
            _queued = i;
            var next = NextOfAllAsync(watchers);
            await AdvanceUntilReadAsync(i + 1);
            Assert.Equal(i, Assert.Single((await next).Distinct().Select(Queued)));
        }

        Assert.Equal(4, _reads);
        foreach (var watcher in watchers)
        {
            await watcher.DisposeAsync();
        }
    }

    [Fact]
    public async Task While_nobody_watches_nobody_reads()
    {
        await using (var watcher = _feed.WatchAsync(Stop).GetAsyncEnumerator(Stop))
        {
            await NextAsync(watcher);
        }

        _time.Advance(TimeSpan.FromMinutes(1));
        _feed.Wake();
        Assert.Equal(1, _reads);

        _queued = 7;
        await using var late = _feed.WatchAsync(Stop).GetAsyncEnumerator(Stop);
        Assert.Equal(7, Queued(await NextAsync(late)));
    }

    [Fact]
    public async Task What_wakes_it_a_thousand_times_at_once_is_one_read_half_a_second_later()
    {
        await using var watcher = _feed.WatchAsync(Stop).GetAsyncEnumerator(Stop);
        await NextAsync(watcher);
        var next = NextAsync(watcher);

        _queued = 1;
        for (var i = 0; i < 1_000; i++)
        {
            _feed.Wake();
        }

        _time.Advance(StatusFeed.Shortest - TimeSpan.FromMilliseconds(1));
        Assert.Equal(1, _reads);
        await AdvanceUntilReadAsync(2, TimeSpan.FromMilliseconds(1), StatusFeed.Shortest);
        Assert.Equal(1, Queued(await next));
        Assert.Equal(2, _reads);
    }

    [Fact]
    public async Task A_slow_watcher_gets_the_newest_status_and_none_of_those_that_it_missed()
    {
        await using var quick = _feed.WatchAsync(Stop).GetAsyncEnumerator(Stop);
        await using var slow = _feed.WatchAsync(Stop).GetAsyncEnumerator(Stop);
        await NextAsync(quick);
        await NextAsync(slow);

        for (var i = 1; i <= 10; i++)
        {
            _queued = i;
            var next = NextAsync(quick);
            await AdvanceUntilReadAsync(i + 1);
            Assert.Equal(i, Queued(await next));
        }

        Assert.Equal(10, Queued(await NextAsync(slow)));
    }

    [Fact]
    public async Task Without_a_change_or_a_status_there_is_a_sign_of_life()
    {
        _away = true;
        await using var watcher = _feed.WatchAsync(Stop).GetAsyncEnumerator(Stop);
        var next = watcher.MoveNextAsync().AsTask();
        await AdvanceUntilAsync(next);
        Assert.Empty(watcher.Current);

        _away = false;
        next = watcher.MoveNextAsync().AsTask();
        await AdvanceUntilAsync(next);
        Assert.Equal(0, Queued(Assert.Single(watcher.Current)));

        next = watcher.MoveNextAsync().AsTask();
        await AdvanceUntilAsync(next);
        Assert.Empty(watcher.Current);
    }

    public void Dispose() => _feed.Dispose();

    private Task<SystemStatus?> ReadAsync()
    {
        Interlocked.Increment(ref _reads);
        return Task.FromResult(_away ? null : new SystemStatus
        {
            At = _time.GetUtcNow(),
            Tasks = new Dictionary<string, long> { ["queued"] = _queued },
            Workers = [],
        });
    }

    private async Task AdvanceUntilReadAsync(int reads) => await AdvanceUntilReadAsync(reads, StatusFeed.Longest, StatusFeed.Longest);

    // The reader takes its turns on the pool: a step may come before it waits for one.
    private Task AdvanceUntilReadAsync(int reads, TimeSpan first, TimeSpan then)
    {
        _time.Advance(first);
        return Eventually.TrueAsync(() =>
        {
            if (Volatile.Read(ref _reads) >= reads)
            {
                return Task.FromResult(true);
            }

            _time.Advance(then);
            return Task.FromResult(false);
        }, Limit, "the status is read");
    }

    private Task AdvanceUntilAsync(Task next) => Eventually.TrueAsync(() =>
    {
        _time.Advance(next.IsCompleted ? TimeSpan.Zero : TimeSpan.FromSeconds(1));
        return Task.FromResult(next.IsCompleted);
    }, Limit, "the watcher hears something");

    private static async Task<IReadOnlyList<byte[]>> NextOfAllAsync(IEnumerable<IAsyncEnumerator<IReadOnlyList<byte[]>>> watchers) =>
        await Task.WhenAll(watchers.Select(NextAsync));

    private static async Task<byte[]> NextAsync(IAsyncEnumerator<IReadOnlyList<byte[]>> watcher)
    {
        do
        {
            Assert.True(await watcher.MoveNextAsync().AsTask().WaitAsync(Limit, Stop));
        }
        while (watcher.Current.Count == 0);
        return Assert.Single(watcher.Current);
    }

    private static long Queued(byte[] frame)
    {
        using var stream = new MemoryStream(frame);
        var item = Assert.Single(SseParser.Create(stream).Enumerate());
        return JsonSerializer.Deserialize(item.Data, ContractsJson.Default.SystemStatus)!.Tasks["queued"];
    }
}
