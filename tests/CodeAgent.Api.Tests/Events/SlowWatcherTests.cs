using System.Diagnostics;
using CodeAgent.Api.Events;
using CodeAgent.Api.Tests.Running;
using CodeAgent.Testing;
using CodeAgent.Testing.Redis;
using Microsoft.Extensions.DependencyInjection;

namespace CodeAgent.Api.Tests.Events;

public abstract class SlowWatcherTests(IApiFixture fixture) : ApiTests(fixture)
{
    private const int Batches = 40;
    private const int BatchSize = 5;
    private const int Count = 2 + (Batches * BatchSize) + 1;

    private static string Text { get; } = new('x', 100_000);

    [Fact]
    public async Task A_watcher_that_takes_nothing_for_a_while_misses_nothing()
    {
        var (task, held) = await RunningAsync();
        using var slow = await SlowWatcher.OpenAsync(Server.Address, $"/v1/tasks/{task}/events", Stop);
        await ReportAsync(task, held);

        Assert.Equal(Enumerable.Range(1, Count).Select(i => (long)i), await slow.ReadAsync(Stop).WaitAsync(Limit, Stop));
        Assert.False(slow.IsCut);
    }

    [Fact]
    public async Task A_watcher_that_takes_nothing_for_too_long_is_closed_and_can_come_back()
    {
        await using var impatient = ApiServer.Start(Redis.ConnectionString, Folder, ("Events:StuckAfter", "00:00:00.5"));
        var (task, held) = await RunningAsync();
        using var stuck = await SlowWatcher.OpenAsync(impatient.Address, $"/v1/tasks/{task}/events", Stop);
        using var alone = await SlowWatcher.OpenAsync(impatient.Address, $"/v1/tasks/{task}/events", Stop);
        var reading = alone.ReadAsync(Stop);
        await ReportAsync(task, held);
        Assert.Equal(Count, (await reading.WaitAsync(Limit, Stop)).Count);
        var hub = impatient.Services.GetRequiredService<EventHub>();
        await Eventually.TrueAsync(() => Task.FromResult(hub.Watchers == 0), Limit, "the watcher is closed");

        var seen = await stuck.ReadAsync(Stop).WaitAsync(Limit, Stop);
        Assert.True(stuck.IsCut);
        Assert.InRange(seen.Count, 0, Count - 1);
        Assert.Equal(Enumerable.Range(1, seen.Count).Select(i => (long)i), seen);
        using var back = impatient.Client();
        Assert.Equal(Enumerable.Range(1, Count).Skip(seen.Count).Select(i => (long)i), (await back.WatchAsync(task, seen.Count).ToListAsync(Stop)).Select(e => e.Number));
    }

    [Fact]
    public async Task An_instance_that_stops_sends_its_watchers_away_at_different_times_and_waits_for_none()
    {
        var stopping = ApiServer.Start(Redis.ConnectionString, Folder, ("Events:Reconnect", "00:00:01"), ("Events:Spread", "00:00:08"));
        var (task, held) = await RunningAsync();
        var watchers = new List<SlowWatcher>();
        for (var i = 0; i < 40; i++)
        {
            watchers.Add(Keep(await SlowWatcher.OpenAsync(stopping.Address, $"/v1/tasks/{task}/events", Stop)));
        }

        var stuck = Keep(await SlowWatcher.OpenAsync(stopping.Address, $"/v1/tasks/{task}/events", Stop));
        var seen = watchers.Select(watcher => watcher.ReadAsync(Stop)).ToList();
        var reporting = ReportAsync(task, held);

        var clock = Stopwatch.StartNew();
        await stopping.DisposeAsync().AsTask().WaitAsync(Limit, Stop);
        Assert.InRange(clock.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(15));
        await reporting;

        for (var i = 0; i < seen.Count; i++)
        {
            var before = await seen[i].WaitAsync(Limit, Stop);
            Assert.False(watchers[i].IsCut);
            var after = (await Api.WatchAsync(task, before.Count).ToListAsync(Stop)).Select(e => e.Number);
            Assert.Equal(Enumerable.Range(1, Count).Select(n => (long)n), before.Concat(after));
        }

        // Spread evenly over 8 s, 40 of them are not in the same two seconds.
        var waits = watchers.Select(watcher => watcher.Reconnect).ToList();
        Assert.All(waits, wait => Assert.InRange(wait, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(9)));
        Assert.InRange(waits.Max() - waits.Min(), TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(8));
        Assert.DoesNotContain((long)Count, await stuck.ReadAsync(Stop).WaitAsync(Limit, Stop));
    }

    private async Task<(Guid Task, ApiClient Held)> RunningAsync()
    {
        var task = await Api.SubmitAsync();
        return (task.Id, With((await Worker.ClaimAsync())!));
    }

    // 20 MB: more than the sockets between have room for.
    private static async Task ReportAsync(Guid task, ApiClient held)
    {
        for (var i = 0; i < Batches; i++)
        {
            await held.ReportAsync(task, i * BatchSize, [.. Enumerable.Repeat(Text, BatchSize)]);
        }

        await held.CompleteAsync(task);
    }
}

public sealed class SlowWatchersOnGarnet(ApiOn<GarnetFixture> fixture) : SlowWatcherTests(fixture), IClassFixture<ApiOn<GarnetFixture>>;

public sealed class SlowWatchersOnRedis(ApiOn<RedisServerFixture> fixture) : SlowWatcherTests(fixture), IClassFixture<ApiOn<RedisServerFixture>>;
