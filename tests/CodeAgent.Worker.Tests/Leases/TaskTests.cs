using System.Diagnostics;
using System.Text.Json;
using CodeAgent.Contracts;
using CodeAgent.Testing;
using CodeAgent.Worker.Agents;
using CodeAgent.Worker.Tests.Benches;

namespace CodeAgent.Worker.Tests.Leases;

public sealed class TaskTests
{
    [Fact]
    public async Task A_script_on_a_repository_is_run_checked_and_delivered()
    {
        await using var bench = await WorkerBench.StartAsync();
        var origin = await bench.RepositoryAsync();
        var head = await origin.CommitAsync(("a.txt", "1\n"));
        var task = bench.Api.Offer(WorkerBench.Script("echo working; echo 2 > a.txt; echo new > b.txt", origin, request =>
        {
            request.Checks = ["grep 2 a.txt", "test -f b.txt"];
            request.Delivery.Push = true;
        }));

        var end = await task.EndAsync();
        Assert.Equal((Outcome.Succeeded, null, 1), (end.Outcome, end.Failure, end.Turns));
        Assert.Equal(["grep 2 a.txt", "test -f b.txt"], end.Checks.Select(check => check.Command));
        Assert.Equal((head, 2, true), (end.Delivery!.BaseCommit, end.Delivery.FilesChanged, end.Delivery.Pushed));
        Assert.Equal(end.Delivery.Commit, await origin.GitAsync("rev-parse", $"codeagent/{task.Lease.TaskId}"));
        Assert.Equal(
            ["workspace.ready", "output", "turn.finished", "check.started", "output", "check.finished", "check.started", "check.finished", "delivery.finished"],
            task.Events.Select(e => e.Type));
        Assert.Equal("working\n2\n", task.Output);

        await File.WriteAllBytesAsync(bench["patch"], task.Artifacts["patch"], TestContext.Current.CancellationToken);
        await origin.GitAsync("apply", "--index", bench["patch"]);
        Assert.Equal(await origin.GitAsync("rev-parse", end.Delivery.Commit + "^{tree}"), await origin.GitAsync("write-tree"));
        Assert.Contains("output\n    working\n", task.Text("log"), StringComparison.Ordinal);
        Assert.Contains("delivery.finished {", task.Text("log"), StringComparison.Ordinal);
        await bench.NothingIsLeftAsync();
    }

    [Fact]
    public async Task The_work_is_part_of_the_trace_that_submitted_it()
    {
        await using var bench = await WorkerBench.StartAsync();
        var seen = "";
        bench.Agent = (run, _) =>
        {
            seen = Activity.Current!.TraceId.ToHexString();
            return Task.FromResult(new AgentResult { Usage = run.Usage });
        };

        var task = bench.Api.Offer(WorkerBench.Played());
        await task.EndAsync();
        Assert.Equal("0af7651916cd43dd8448eb211c80319c", seen);
    }

    [Fact]
    public async Task A_check_that_fails_goes_back_to_the_agent_without_what_it_left_lying_about()
    {
        await using var bench = await WorkerBench.StartAsync();
        var feedback = new List<string?>();
        bench.Agent = async (run, token) =>
        {
            feedback.Add(run.Feedback);
            Assert.False(File.Exists(Path.Combine(run.Workspace, "left-by-check")));
            await File.AppendAllTextAsync(Path.Combine(run.Workspace, "a.txt"), "x", token);
            await run.Session.CheckpointAsync(run.Turn + 1, JsonSerializer.SerializeToElement(run.Turn), 0, run.Usage, token);
            return new() { Turn = run.Turn + 1, State = JsonSerializer.SerializeToElement(run.Turn + 1), Usage = run.Usage, Summary = $"Turn {run.Turn + 1}" };
        };

        var task = bench.Api.Offer(WorkerBench.Played(configure: request => request.Checks = ["touch left-by-check; echo not yet; grep xxx a.txt"]));
        var end = await task.EndAsync();
        Assert.Equal((Outcome.Succeeded, 3, "Turn 3"), (end.Outcome, end.Turns, end.Summary));
        Assert.Equal(1, end.Delivery!.FilesChanged);
        Assert.Equal(3, feedback.Count);
        Assert.Null(feedback[0]);
        Assert.Contains("exited with 1", feedback[1], StringComparison.Ordinal);
        Assert.Contains("not yet", feedback[2], StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_agent_that_changes_nothing_about_a_failed_check_is_not_asked_for_ever()
    {
        await using var bench = await WorkerBench.StartAsync();
        bench.Agent = (run, _) => Task.FromResult(new AgentResult { Turn = run.Turn + 1, Usage = run.Usage });
        var task = bench.Api.Offer(WorkerBench.Played(configure: request => request.Checks = ["exit 9"]));

        var end = await task.EndAsync();
        Assert.Equal(new(FailureCodes.CheckFailed, "The check `exit 9` exited with 9."), end.Failure);
        Assert.Equal(2, end.Turns);
    }

    [Fact]
    public async Task A_failed_check_ends_a_script_and_its_patch_is_kept()
    {
        await using var bench = await WorkerBench.StartAsync();
        var task = bench.Api.Offer(WorkerBench.Script("echo done > work.txt", configure: request => request.Checks = ["touch of-the-check", "echo why; exit 3", "true"]));

        var end = await task.EndAsync();
        Assert.Equal(new(FailureCodes.CheckFailed, "The check `echo why; exit 3` exited with 3."), end.Failure);
        Assert.Equal([0, 3], end.Checks.Select(check => check.ExitCode));
        Assert.Equal("why\n", end.Checks[1].Output);
        Assert.Null(end.Delivery);
        Assert.Contains("+done", task.Text("patch"), StringComparison.Ordinal);
        Assert.DoesNotContain("of-the-check", task.Text("patch"), StringComparison.Ordinal);
        Assert.Contains("check.finished", task.Text("log"), StringComparison.Ordinal);
        await bench.NothingIsLeftAsync();
    }

    [Theory]
    [InlineData("echo started; echo what went wrong >&2; exit 5", FailureCodes.AgentFailed, "The script exited with 5. Its output ends:\nstarted\nwhat went wrong")]
    [InlineData("exit 1", FailureCodes.AgentFailed, "The script exited with 1.")]
    public async Task A_script_that_fails_says_how_and_its_patch_is_kept(string script, string code, string message)
    {
        await using var bench = await WorkerBench.StartAsync();
        var task = bench.Api.Offer(WorkerBench.Script("echo half > half.txt; " + script));
        Assert.Equal(new(code, message), (await task.EndAsync()).Failure);
        Assert.Contains("+half", task.Text("patch"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_task_without_time_left_says_so()
    {
        await using var bench = await WorkerBench.StartAsync();
        var task = bench.Api.Offer(WorkerBench.Script("echo begun; sleep 60") with { SecondsUsed = (30 * 60) - 2 });
        var end = await task.EndAsync();
        Assert.Equal(new(FailureCodes.LimitReached, "The limit of 30 minutes was reached. Its output ends:\nbegun"), end.Failure);
    }

    [Fact]
    public async Task Time_that_runs_out_in_a_check_is_not_the_checks_fault()
    {
        await using var bench = await WorkerBench.StartAsync();
        bench.Agent = (run, _) => Task.FromResult(new AgentResult { Usage = run.Usage });
        var lease = WorkerBench.Played(configure: request => request.Checks = ["sleep 60"]) with { SecondsUsed = (30 * 60) - 2 };
        var end = await bench.Api.Offer(lease).EndAsync();
        Assert.Equal(new(FailureCodes.LimitReached, "The limit of 30 minutes was reached while the check `sleep 60` ran."), end.Failure);
    }

    [Fact]
    public async Task A_repository_that_is_not_there_and_a_ref_that_is_not_there_fail_by_name()
    {
        await using var bench = await WorkerBench.StartAsync();
        var origin = await bench.RepositoryAsync();
        await origin.CommitAsync(("a.txt", "1"));
        var nowhere = bench.Api.Offer(WorkerBench.Script("true", new(bench["nowhere"])));
        var noRef = bench.Api.Offer(WorkerBench.Script("true", origin, request => request.Repository!.Ref = "nope"));

        Assert.Equal(FailureCodes.RepositoryUnavailable, (await nowhere.EndAsync()).Failure!.Code);
        var failure = (await noRef.EndAsync()).Failure!;
        Assert.Equal(FailureCodes.RefNotFound, failure.Code);
        Assert.Contains("'nope'", failure.Message, StringComparison.Ordinal);
        await bench.NothingIsLeftAsync();
    }

    [Fact]
    public async Task What_nobody_foresaw_is_an_error_of_the_worker_and_the_next_task_runs()
    {
        await using var bench = await WorkerBench.StartAsync();
        var end = await bench.Api.Offer(WorkerBench.Played()).EndAsync();
        Assert.Equal(new(FailureCodes.WorkerError, "No agent was expected."), end.Failure);

        var unknown = await bench.Api.Offer(WorkerBench.Played(configure: request => request.Agent.Name = "codex")).EndAsync();
        Assert.Equal(FailureCodes.AgentUnavailable, unknown.Failure!.Code);
        Assert.Equal(Outcome.Succeeded, (await bench.Api.Offer(WorkerBench.Script("true")).EndAsync()).Outcome);
    }

    [Fact]
    public async Task Messages_reach_the_agent_while_it_works()
    {
        await using var bench = await WorkerBench.StartAsync();
        bench.Agent = async (run, token) =>
        {
            await Eventually.TrueAsync(() => Task.FromResult(run.Session.MessagesAfter(0).Count == 2), TimeSpan.FromSeconds(10), "the messages are there");
            return new() { Usage = run.Usage, Summary = string.Join(' ', run.Session.MessagesAfter(1).Select(message => message.Text)) };
        };
        var task = bench.Api.Offer(WorkerBench.Played());
        await task.SeenAsync(EventTypes.WorkspaceReady);
        task.Write("first");
        task.Write("second");
        Assert.Equal("second", (await task.EndAsync()).Summary);
    }

    [Fact]
    public async Task No_more_tasks_run_at_once_than_the_capacity_says()
    {
        await using var bench = await WorkerBench.StartAsync();
        var running = 0;
        var most = 0;
        bench.Agent = async (run, token) =>
        {
            InterlockedMax(ref most, Interlocked.Increment(ref running));
            await Task.Delay(300, token);
            Interlocked.Decrement(ref running);
            return new() { Usage = run.Usage };
        };

        var tasks = Enumerable.Range(0, 5).Select(_ => bench.Api.Offer(WorkerBench.Played())).ToList();
        foreach (var task in tasks)
        {
            Assert.Equal(Outcome.Succeeded, (await task.EndAsync()).Outcome);
        }

        Assert.Equal(2, most);
        Assert.All(bench.Api.Claims, claim => Assert.Equal((2, "builtin command"), (claim.Capacity, string.Join(' ', claim.Agents.Order()))));
        Assert.Contains(bench.Api.Claims, claim => claim.Running == 1);
    }

    private static void InterlockedMax(ref int target, int value)
    {
        for (var seen = target; value > seen; seen = target)
        {
            Interlocked.CompareExchange(ref target, value, seen);
        }
    }
}
