using CodeAgent.Contracts;
using CodeAgent.Worker.Configuration;
using CodeAgent.Worker.Tests.Benches;

namespace CodeAgent.Worker.Tests.Sandboxes;

public sealed class ChoiceTests
{
    [Fact]
    public async Task By_itself_a_worker_takes_the_strongest_that_works_and_says_so_on_the_task()
    {
        await using var works = await SandboxBench.OpenAsync(SandboxMode.Bubblewrap);
        await using var bench = await WorkerBench.StartAsync(options => options.Sandbox.Mode = SandboxMode.Auto);
        var task = bench.Api.Offer(WorkerBench.Script("echo pid $$"));
        Assert.Equal(Outcome.Succeeded, (await task.EndAsync()).Outcome);
        Assert.Equal("bubblewrap", task.Work?.Sandbox);
        Assert.Matches("^pid [0-9]\n$", task.Output);
        await bench.NothingIsLeftAsync();
    }

    [Fact]
    public async Task None_is_none_where_that_is_set()
    {
        await using var bench = await WorkerBench.StartAsync(options => options.Sandbox.Mode = SandboxMode.None);
        var task = bench.Api.Offer(WorkerBench.Script("true"));
        Assert.Equal(Outcome.Succeeded, (await task.EndAsync()).Outcome);
        Assert.Equal("none", task.Work?.Sandbox);
    }
}
