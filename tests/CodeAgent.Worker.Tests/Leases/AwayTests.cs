using CodeAgent.Contracts;
using CodeAgent.Worker.Tests.Benches;

namespace CodeAgent.Worker.Tests.Leases;

public sealed class AwayTests
{
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
        var task = bench.Api.Offer(WorkerBench.Script(StubbornChild.Script));
        var child = await StubbornChild.SeenAsync(task);

        await bench.Api.StopAsync();
        await StubbornChild.GoneAsync(child, TimeSpan.FromSeconds(6));
        await bench.NothingIsLeftAsync();
        await bench.Api.StartAsync();
        Assert.Equal(Outcome.Succeeded, (await bench.Api.Offer(WorkerBench.Script("true")).EndAsync()).Outcome);
        Assert.Empty(task.Completions);
    }

    [Fact]
    public async Task Work_that_takes_longer_than_the_patience_goes_on_while_the_Api_answers()
    {
        await using var bench = await WorkerBench.StartAsync(options => options.LeasePatience = TimeSpan.FromSeconds(2));
        var task = bench.Api.Offer(WorkerBench.Script("sleep 3; echo still here"));
        Assert.Equal(Outcome.Succeeded, (await task.EndAsync()).Outcome);
        Assert.Equal("still here\n", task.Output);
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
}
