using System.Diagnostics;
using System.Text.Json;
using CodeAgent.Contracts;
using CodeAgent.Worker.Tests.Benches;

namespace CodeAgent.Worker.Tests.Leases;

public sealed class DrainTests
{
    [Fact]
    public async Task A_worker_that_is_stopped_gives_its_leases_back_within_seconds()
    {
        await using var bench = await WorkerBench.StartAsync();
        bench.Agent = async (run, token) =>
        {
            await File.WriteAllTextAsync(Path.Combine(run.Workspace, "half.txt"), "half", token);
            await run.Session.CheckpointAsync(1, JsonSerializer.SerializeToElement("so far"), 0, new() { InputTokens = 7 }, token);
            await Task.Delay(Timeout.Infinite, token);
            throw new UnreachableException();
        };
        var script = bench.Api.Offer(WorkerBench.Script(StubbornChild.Script));
        var played = bench.Api.Offer(WorkerBench.Played());
        var child = await StubbornChild.SeenAsync(script);
        await played.SeenAsync(EventTypes.TurnFinished);

        var clock = Stopwatch.StartNew();
        await bench.StopWorkerAsync();
        Assert.InRange(clock.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(8));
        await StubbornChild.GoneAsync(child, TimeSpan.FromMilliseconds(200));
        Assert.Single(script.Releases);
        Assert.Single(played.Releases);
        Assert.Empty(script.Completions);
        Assert.Contains("pid", script.Text("log"), StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(bench.Folders.Tasks));

        // And another one goes on from there.
        bench.Agent = async (run, token) => new()
        {
            Turn = run.Turn + 1,
            Usage = run.Usage,
            Summary = $"after {run.Turn} {run.State} with {await File.ReadAllTextAsync(Path.Combine(run.Workspace, "half.txt"), token)}",
        };
        await bench.StartWorkerAsync();
        var next = played.Lease with { Fence = 2, Checkpoint = Assert.Single(played.Checkpoints), Usage = new() { InputTokens = 7 } };
        var again = bench.Api.Offer(next);
        again.Artifacts[next.Checkpoint!.Patch!] = played.Artifacts[next.Checkpoint.Patch!];
        var end = await again.EndAsync();
        Assert.Equal(("after 1 so far with half", 2, 7), (end.Summary, end.Turns, end.Usage.InputTokens));
        Assert.Equal(1, end.Delivery!.FilesChanged);
        Assert.Equal(1, again.Events[0].Data.GetProperty("restoredTurn").GetInt32());
    }

    [Fact]
    public async Task A_worker_that_is_stopped_while_the_Api_is_away_does_not_wait_for_it()
    {
        await using var bench = await WorkerBench.StartAsync();
        var task = bench.Api.Offer(WorkerBench.Script(StubbornChild.Script));
        var child = await StubbornChild.SeenAsync(task);
        await bench.Api.StopAsync();

        var clock = Stopwatch.StartNew();
        await bench.StopWorkerAsync();
        Assert.InRange(clock.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(8));
        await StubbornChild.GoneAsync(child, TimeSpan.FromMilliseconds(200));
        Assert.Empty(Directory.GetFileSystemEntries(bench.Folders.Tasks));
    }
}
