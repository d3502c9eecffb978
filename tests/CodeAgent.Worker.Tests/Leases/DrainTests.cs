using System.Diagnostics;
using System.Text.Json;
using CodeAgent.Contracts;
using CodeAgent.Testing;
using CodeAgent.Worker.Agents;
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
    public async Task A_task_that_is_wanted_back_after_its_turn_finishes_the_turn_and_is_given_back_from_there()
    {
        await using var bench = await WorkerBench.StartAsync();
        var told = new TaskCompletionSource();
        bench.Agent = async (run, token) =>
        {
            await run.Session.ReportAsync(EventTypes.AgentMessage, new { text = "a turn begins" }, token);
            await told.Task.WaitAsync(token);
            await File.WriteAllTextAsync(Path.Combine(run.Workspace, "turn.txt"), "1", token);
            await run.Session.CheckpointAsync(1, JsonSerializer.SerializeToElement("one"), 0, new() { InputTokens = 5 }, token);
            throw new UnreachableException("The turn was the last.");
        };
        var task = bench.Api.Offer(WorkerBench.Played());
        await task.SeenAsync(EventTypes.AgentMessage);

        // Heard twice: with the second heartbeat the worker has taken in what the first one said.
        task.GiveBack(DrainOrder.AfterTurn);
        await task.BeatenAsync(2);
        Assert.Empty(task.Releases);
        told.SetResult();

        await Eventually.TrueAsync(() => Task.FromResult(!task.Releases.IsEmpty), TimeSpan.FromSeconds(20), "the lease is given back");
        Assert.Equal("the operator wants it back", Assert.Single(task.Releases).Reason);
        Assert.Equal(1, Assert.Single(task.Checkpoints).Turn);
        Assert.Empty(task.Completions);
        await bench.NothingIsLeftAsync();
        Assert.Contains("given back: the operator wants it back", task.Text("log"), StringComparison.Ordinal);

        // The worker goes on.
        bench.Agent = (run, _) => Task.FromResult(new AgentResult { Turn = run.Turn + 1, Usage = run.Usage, Summary = "done" });
        Assert.Equal("done", (await bench.Api.Offer(WorkerBench.Played()).EndAsync()).Summary);
    }

    [Fact]
    public async Task A_task_that_is_wanted_back_at_once_is_stopped_with_all_that_it_started()
    {
        await using var bench = await WorkerBench.StartAsync();
        var script = bench.Api.Offer(WorkerBench.Script(StubbornChild.Script));
        var child = await StubbornChild.SeenAsync(script);

        script.GiveBack(DrainOrder.Now);

        await StubbornChild.GoneAsync(child, TimeSpan.FromSeconds(20));
        await Eventually.TrueAsync(() => Task.FromResult(!script.Releases.IsEmpty), TimeSpan.FromSeconds(20), "the lease is given back");
        Assert.Empty(script.Completions);
        await bench.NothingIsLeftAsync();
    }

    [Fact]
    public async Task A_wish_that_is_taken_back_in_time_changes_nothing()
    {
        await using var bench = await WorkerBench.StartAsync();
        var told = new TaskCompletionSource();
        bench.Agent = async (run, token) =>
        {
            await run.Session.ReportAsync(EventTypes.AgentMessage, new { text = "a turn begins" }, token);
            await told.Task.WaitAsync(token);
            await run.Session.CheckpointAsync(1, JsonSerializer.SerializeToElement("one"), 0, new(), token);
            return new() { Turn = 2, Usage = new(), Summary = "done" };
        };
        var task = bench.Api.Offer(WorkerBench.Played());
        await task.SeenAsync(EventTypes.AgentMessage);
        task.GiveBack(DrainOrder.AfterTurn);
        await task.BeatenAsync(2);
        task.GiveBack(DrainOrder.None);
        await task.BeatenAsync(2);
        told.SetResult();

        Assert.Equal("done", (await task.EndAsync()).Summary);
        Assert.Empty(task.Releases);
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
