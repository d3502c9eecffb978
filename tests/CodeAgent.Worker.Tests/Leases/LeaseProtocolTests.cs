using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using CodeAgent.Contracts;
using CodeAgent.Testing;
using CodeAgent.Worker.Processes;
using CodeAgent.Worker.Tests.Benches;

namespace CodeAgent.Worker.Tests.Leases;

public sealed class LeaseProtocolTests
{
    // A child that leaves its parent and its session and does not listen to anybody, and prints its number.
    private const string Stubborn = "(setsid nohup bash -c 'trap \"\" TERM INT HUP; echo pid $$ here; while true; do sleep 1; done' &); sleep 60";

    [Fact]
    public async Task A_cancel_ends_the_whole_tree_within_two_seconds_and_the_task_once()
    {
        await using var bench = await WorkerBench.StartAsync();
        var task = bench.Api.Offer(WorkerBench.Script(Stubborn));
        var child = await ChildAsync(task);

        var clock = Stopwatch.StartNew();
        task.Cancel();
        await GoneAsync(child, TimeSpan.FromSeconds(2));
        Assert.InRange(clock.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(2));
        var end = await task.EndAsync();
        Assert.Equal((Outcome.Canceled, null), (end.Outcome, end.Failure));
        Assert.Contains("pid", task.Text("log"), StringComparison.Ordinal);
        await NothingIsLeftAsync(bench);
    }

    [Fact]
    public async Task A_lease_that_is_lost_ends_the_tree_and_nothing_more_is_written()
    {
        await using var bench = await WorkerBench.StartAsync();
        var task = bench.Api.Offer(WorkerBench.Script(Stubborn));
        var child = await ChildAsync(task);

        task.TakeBack();
        await GoneAsync(child, TimeSpan.FromSeconds(3));
        await NothingIsLeftAsync(bench);
        Assert.Empty(task.Late);
        Assert.Empty(task.Completions);
        Assert.Empty(task.Releases);
    }

    [Fact]
    public async Task A_lease_that_is_lost_is_noticed_by_the_events_too()
    {
        await using var bench = await WorkerBench.StartAsync();

        // Heartbeats are a minute apart here, so the next word to the Api is an event.
        var task = bench.Api.Offer(WorkerBench.Script("while true; do echo tick; sleep 0.2; done") with { LeaseSeconds = 180 });
        await task.PrintedAsync("tick");
        task.TakeBack();
        await NothingIsLeftAsync(bench);
        Assert.Empty(task.Completions);
    }

    [Fact]
    public async Task When_the_Api_is_away_for_a_while_nothing_is_lost_or_doubled()
    {
        await using var bench = await WorkerBench.StartAsync();
        var task = bench.Api.Offer(WorkerBench.Script("for i in $(seq 1 50); do echo line $i; sleep 0.05; done", configure: request => request.Checks = ["echo checked"]));
        await task.PrintedAsync("line 5\n");

        await bench.Api.StopAsync();
        await Task.Delay(TimeSpan.FromSeconds(1.5), TestContext.Current.CancellationToken);
        await bench.Api.StartAsync();

        Assert.Equal(Outcome.Succeeded, (await task.EndAsync()).Outcome);
        Assert.Equal(string.Concat(Enumerable.Range(1, 50).Select(i => $"line {i}\n")) + "checked\n", task.Output);
        Assert.Single(task.Events, e => e.Type == EventTypes.TurnFinished);
        Assert.Contains("line 50", task.Text("log"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Answers_that_do_not_arrive_double_nothing()
    {
        await using var bench = await WorkerBench.StartAsync();
        bench.Api.Forget(100);
        var task = bench.Api.Offer(WorkerBench.Script("for i in 1 2 3 4 5; do echo line $i; sleep 0.3; done"));

        Assert.Equal(Outcome.Succeeded, (await task.EndAsync()).Outcome);
        Assert.Equal("line 1\nline 2\nline 3\nline 4\nline 5\n", task.Output);
        Assert.Single(task.Events, e => e.Type == EventTypes.WorkspaceReady);
        Assert.Single(task.Events, e => e.Type == EventTypes.DeliveryFinished);
    }

    [Fact]
    public async Task When_the_Api_stays_away_the_task_is_given_up_and_the_next_one_is_taken()
    {
        await using var bench = await WorkerBench.StartAsync(options => options.LeasePatience = TimeSpan.FromSeconds(1.5));
        var task = bench.Api.Offer(WorkerBench.Script(Stubborn));
        var child = await ChildAsync(task);

        await bench.Api.StopAsync();
        await GoneAsync(child, TimeSpan.FromSeconds(6));
        await NothingIsLeftAsync(bench);
        await bench.Api.StartAsync();
        Assert.Equal(Outcome.Succeeded, (await bench.Api.Offer(WorkerBench.Script("true")).EndAsync()).Outcome);
        Assert.Empty(task.Completions);
    }

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
        var script = bench.Api.Offer(WorkerBench.Script(Stubborn));
        var played = bench.Api.Offer(WorkerBench.Played());
        var child = await ChildAsync(script);
        await played.SeenAsync(EventTypes.TurnFinished);

        var clock = Stopwatch.StartNew();
        await bench.StopWorkerAsync();
        Assert.InRange(clock.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(8));
        await GoneAsync(child, TimeSpan.FromMilliseconds(200));
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
        var task = bench.Api.Offer(WorkerBench.Script(Stubborn));
        var child = await ChildAsync(task);
        await bench.Api.StopAsync();

        var clock = Stopwatch.StartNew();
        await bench.StopWorkerAsync();
        Assert.InRange(clock.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(8));
        await GoneAsync(child, TimeSpan.FromMilliseconds(200));
        Assert.Empty(Directory.GetFileSystemEntries(bench.Folders.Tasks));
    }

    [Fact]
    public async Task After_a_crash_during_the_checks_the_agent_is_not_run_again()
    {
        await using var bench = await WorkerBench.StartAsync();
        var first = bench.Api.Offer(WorkerBench.Script("echo once; echo made > made.txt", configure: request => request.Checks = ["sleep 60"]));
        await first.SeenAsync(EventTypes.CheckStarted);
        first.TakeBack();
        await NothingIsLeftAsync(bench);

        var lease = first.Lease with { Fence = 2, Attempt = 2, Checkpoint = first.Checkpoints.Last() };
        lease.Request.Checks = ["test -f made.txt"];
        var second = bench.Api.Offer(lease);
        second.Artifacts[lease.Checkpoint!.Patch!] = first.Artifacts[lease.Checkpoint.Patch!];
        var end = await second.EndAsync();
        Assert.Equal((Outcome.Succeeded, 1, "The script ran to its end."), (end.Outcome, end.Turns, end.Summary));
        Assert.Equal(1, end.Delivery!.FilesChanged);
        Assert.Equal("", second.Output);
    }

    [Fact]
    public async Task A_script_that_ran_to_its_end_is_not_run_again_even_if_the_crash_came_right_after()
    {
        await using var bench = await WorkerBench.StartAsync();
        var first = bench.Api.Offer(WorkerBench.Script("echo once; exit 4"));
        await first.EndAsync();

        var second = bench.Api.Offer(first.Lease with { Fence = 2, Attempt = 2, Checkpoint = first.Checkpoints.First() });
        Assert.Equal(first.Completions.Single().Failure, (await second.EndAsync()).Failure);
        Assert.Equal("", second.Output);
    }

    [Fact]
    public async Task An_unchanged_workspace_is_not_uploaded_again()
    {
        await using var bench = await WorkerBench.StartAsync();
        bench.Agent = async (run, token) =>
        {
            var file = Path.Combine(run.Workspace, "a.txt");
            var state = JsonSerializer.SerializeToElement(0);
            await run.Session.CheckpointAsync(1, state, 0, run.Usage, token);
            await File.WriteAllTextAsync(file, "1", token);
            await run.Session.CheckpointAsync(2, state, 0, run.Usage, token);
            await run.Session.CheckpointAsync(3, state, 0, run.Usage, token);
            File.Delete(file);
            await run.Session.CheckpointAsync(4, state, 0, run.Usage, token);
            return new() { Turn = 4, Usage = run.Usage };
        };

        var task = bench.Api.Offer(WorkerBench.Played());
        Assert.Equal(0, (await task.EndAsync()).Delivery!.FilesChanged);
        Assert.Equal([null, "checkpoint-2.patch", "checkpoint-2.patch", null, null], task.Checkpoints.Select(checkpoint => checkpoint.Patch));
        Assert.Equal(["checkpoint-2.patch", "log", "patch"], task.Artifacts.Keys.Order());
        Assert.Empty(task.Artifacts["patch"]);
    }

    [Fact]
    public async Task A_worker_that_starts_before_the_Api_waits_for_it()
    {
        await using var bench = new WorkerBench();
        await bench.StartWorkerAsync();
        var task = bench.Api.Offer(WorkerBench.Script("true"));
        await bench.Api.StartAsync();
        Assert.Equal(Outcome.Succeeded, (await task.EndAsync()).Outcome);
    }

    private static async Task<int> ChildAsync(FakeTask task)
    {
        await task.PrintedAsync("here");
        var words = task.Output.Split(' ');
        return int.Parse(words[Array.IndexOf(words, "pid") + 1], CultureInfo.InvariantCulture);
    }

    private static Task GoneAsync(int id, TimeSpan limit) => Eventually.TrueAsync(
        async () => await ProcessTable.FindAsync(id, TestContext.Current.CancellationToken) is null, limit, $"process {id} is gone");

    private static Task NothingIsLeftAsync(WorkerBench bench) => Eventually.TrueAsync(
        () => Task.FromResult(Directory.GetFileSystemEntries(bench.Folders.Tasks).Length == 0), TimeSpan.FromSeconds(6), "the workspaces are gone");
}
