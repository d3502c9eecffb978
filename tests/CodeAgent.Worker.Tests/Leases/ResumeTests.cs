using System.Text.Json;
using CodeAgent.Contracts;
using CodeAgent.Worker.Tests.Benches;

namespace CodeAgent.Worker.Tests.Leases;

public sealed class ResumeTests
{
    [Fact]
    public async Task After_a_crash_during_the_checks_the_agent_is_not_run_again()
    {
        await using var bench = await WorkerBench.StartAsync();
        var first = bench.Api.Offer(WorkerBench.Script("echo once; echo made > made.txt", configure: request => request.Checks = ["sleep 60"]));
        await first.SeenAsync(EventTypes.CheckStarted);
        first.TakeBack();
        await bench.NothingIsLeftAsync();

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
}
