using System.Diagnostics;
using CodeAgent.Contracts;
using CodeAgent.Worker.Tests.Benches;

namespace CodeAgent.Worker.Tests.Leases;

public sealed class StopTests
{
    [Fact]
    public async Task A_cancel_ends_the_whole_tree_within_two_seconds_and_the_task_once()
    {
        await using var bench = await WorkerBench.StartAsync();
        var task = bench.Api.Offer(WorkerBench.Script(StubbornChild.Script));
        var child = await StubbornChild.SeenAsync(task);

        var clock = Stopwatch.StartNew();
        task.Cancel();
        await StubbornChild.GoneAsync(child, TimeSpan.FromSeconds(2));
        Assert.InRange(clock.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(2));
        var end = await task.EndAsync();
        Assert.Equal((Outcome.Canceled, null), (end.Outcome, end.Failure));
        Assert.Contains("pid", task.Text("log"), StringComparison.Ordinal);
        await bench.NothingIsLeftAsync();
    }

    [Fact]
    public async Task A_lease_that_is_lost_ends_the_tree_and_nothing_more_is_written()
    {
        await using var bench = await WorkerBench.StartAsync();
        var task = bench.Api.Offer(WorkerBench.Script(StubbornChild.Script));
        var child = await StubbornChild.SeenAsync(task);

        task.TakeBack();
        await StubbornChild.GoneAsync(child, TimeSpan.FromSeconds(3));
        await bench.NothingIsLeftAsync();
        Assert.Empty(task.Late);
        Assert.Empty(task.Completions);
        Assert.Empty(task.Releases);
    }

    [Fact]
    public async Task A_lease_that_is_lost_is_noticed_by_the_events_too()
    {
        await using var bench = await WorkerBench.StartAsync();
        var task = bench.Api.Offer(WorkerBench.Script("while true; do echo tick; sleep 0.2; done"));
        await task.PrintedAsync("tick");
        task.TakeBackQuietly();
        await bench.NothingIsLeftAsync();
        Assert.EndsWith("/events", Assert.Single(task.Late), StringComparison.Ordinal);
        Assert.Empty(task.Completions);
    }
}
