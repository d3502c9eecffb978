using System.Text.Json;
using CodeAgent.Contracts;
using CodeAgent.Testing;
using CodeAgent.Worker.Agents;
using CodeAgent.Worker.Tests.Benches;

namespace CodeAgent.Worker.Tests.Leases;

/// <summary>What people write reaches the agent whenever it comes, and a question ends the lease.</summary>
public sealed class MessageTests
{
    private static readonly Question Which = new() { Id = "1.1.1", Text = "Which one?" };

    [Fact]
    public async Task A_question_ends_the_lease_and_the_next_one_brings_the_answer()
    {
        await using var bench = await WorkerBench.StartAsync();
        bench.Agent = async (run, token) =>
        {
            if (run.Session.MessagesAfter(run.MessagesSeen) is [var answer])
            {
                Assert.Equal("asked", run.State?.GetString());
                Assert.Equal("half", await File.ReadAllTextAsync(Path.Combine(run.Workspace, "a.txt"), token));
                return new() { Turn = 1, Summary = answer.Text, MessagesSeen = answer.Number, Usage = run.Usage };
            }

            await File.WriteAllTextAsync(Path.Combine(run.Workspace, "a.txt"), "half", token);
            await run.Session.CheckpointAsync(0, JsonSerializer.SerializeToElement("asked"), 0, run.Usage, token);
            return new() { Question = Which, State = JsonSerializer.SerializeToElement("asked"), Usage = run.Usage };
        };

        var first = bench.Api.Offer(WorkerBench.Played());
        var asked = await first.EndAsync();
        Assert.Equal((Outcome.AwaitingInput, "1.1.1", null), (asked.Outcome, asked.Question!.Id, asked.Failure));
        Assert.False(first.Closed);
        Assert.DoesNotContain(EventTypes.TurnFinished, first.Events.Select(e => e.Type));
        Assert.Contains("waits for an answer: Which one?", first.Text("log"), StringComparison.Ordinal);
        await bench.NothingIsLeftAsync();

        var second = bench.Api.Offer(first.Lease with
        {
            Fence = 2,
            Checkpoint = first.Checkpoints.Last(),
            Messages = [new(1, "This one.", new(Which.Id, Which.Text))],
        });
        second.Artifacts["checkpoint-0.patch"] = first.Artifacts["checkpoint-0.patch"];
        var end = await second.EndAsync();
        Assert.Equal((Outcome.Succeeded, "This one.", 1), (end.Outcome, end.Summary, end.Delivery!.FilesChanged));
    }

    [Fact]
    public async Task A_message_that_comes_while_the_lease_is_being_given_up_for_a_question_is_read_first()
    {
        await using var bench = await WorkerBench.StartAsync();
        FakeTask task = null!;
        bench.Agent = async (run, token) =>
        {
            if (run.Session.MessagesAfter(run.MessagesSeen) is [var said])
            {
                return new() { Turn = 1, Summary = said.Text, MessagesSeen = said.Number, Usage = run.Usage };
            }

            await run.Session.CheckpointAsync(0, JsonSerializer.SerializeToElement("asked"), 0, run.Usage, token);
            task.Write("Never mind.");
            return new() { Question = Which, Usage = run.Usage };
        };
        bench.Api.Offer(WorkerBench.Played(), before: offered => task = offered);

        Assert.Equal((Outcome.Succeeded, "Never mind."), ((await task.EndAsync()).Outcome, task.Completions.Single().Summary));
    }

    [Fact]
    public async Task An_approval_is_not_given_by_what_was_said_before()
    {
        await using var bench = await WorkerBench.StartAsync();
        FakeTask task = null!;
        var runs = 0;
        bench.Agent = async (run, token) =>
        {
            runs++;
            await run.Session.CheckpointAsync(0, JsonSerializer.SerializeToElement("asked"), 0, run.Usage, token);
            task.Write("Go on, I said.");
            return new() { Question = Which with { Approval = new("run", "git push", "run:git push*") }, Usage = run.Usage };
        };
        bench.Api.Offer(WorkerBench.Played(), before: offered => task = offered);

        Assert.Equal((Outcome.AwaitingInput, 1), ((await task.EndAsync()).Outcome, runs));
    }

    // A command line program reads no messages while it runs: what came meanwhile is its next prompt.
    [Fact]
    public async Task A_message_to_an_agent_that_cannot_listen_is_its_next_prompt()
    {
        await using var bench = await WorkerBench.StartAsync();
        FakeTask task = null!;
        var prompts = new List<string?>();
        bench.Agent = (run, _) =>
        {
            prompts.Add(run.Feedback);
            if (prompts.Count == 1)
            {
                task.Write("And that.");
                task.Write("And this.");
            }

            return Task.FromResult(new AgentResult { Turn = run.Turn + 1, Usage = run.Usage, MessagesSeen = run.MessagesSeen });
        };
        bench.Api.Offer(WorkerBench.Played(), before: offered => task = offered);

        Assert.Equal(Outcome.Succeeded, (await task.EndAsync()).Outcome);
        Assert.Equal([null, "And that.\n\nAnd this."], prompts);
        Assert.Equal(2, task.Checkpoints.Last().MessagesSeen);
    }

    [Fact]
    public async Task A_message_that_comes_during_the_checks_reaches_the_agent_and_the_checks_run_again()
    {
        await using var bench = await WorkerBench.StartAsync();
        var prompts = new List<string?>();
        bench.Agent = (run, _) =>
        {
            prompts.Add(run.Feedback);
            Assert.False(File.Exists(Path.Combine(run.Workspace, "left-by-check")));
            return Task.FromResult(new AgentResult { Turn = run.Turn + 1, Usage = run.Usage });
        };
        var task = bench.Api.Offer(WorkerBench.Played(configure: request => request.Checks = [$"touch left-by-check; until [ -e '{bench["go"]}' ]; do sleep 0.05; done"]));
        await task.SeenAsync(EventTypes.CheckStarted);
        task.Write("And that.");
        await File.WriteAllTextAsync(bench["go"], "", TestContext.Current.CancellationToken);

        Assert.Equal(Outcome.Succeeded, (await task.EndAsync()).Outcome);
        Assert.Equal([null, "And that."], prompts);
        Assert.Equal(2, task.Events.Count(e => e.Type == EventTypes.CheckStarted));
        Assert.Single(task.Events, e => e.Type == EventTypes.DeliveryFinished);
    }

    [Fact]
    public async Task A_message_that_comes_at_the_last_moment_before_the_delivery_reaches_the_agent()
    {
        await using var bench = await WorkerBench.StartAsync();
        var prompts = new List<string?>();
        bench.Agent = (run, _) =>
        {
            prompts.Add(run.Feedback);
            return Task.FromResult(new AgentResult { Turn = run.Turn + 1, Usage = run.Usage });
        };
        var lease = WorkerBench.Played();
        var task = bench.Api.Offer(lease, before: task =>
        {
            var said = false;
            task.OnClose = () =>
            {
                if (!said)
                {
                    said = true;
                    task.Write("Wait!");
                }
            };
        });

        Assert.Equal(Outcome.Succeeded, (await task.EndAsync()).Outcome);
        Assert.Equal([null, "Wait!"], prompts);
        Assert.True(task.Closed);
        Assert.Single(task.Events, e => e.Type == EventTypes.DeliveryFinished);
    }

    [Fact]
    public async Task What_the_checks_and_people_say_goes_to_the_agent_together()
    {
        await using var bench = await WorkerBench.StartAsync();
        FakeTask task = null!;
        var prompts = new List<string?>();
        bench.Agent = async (run, token) =>
        {
            prompts.Add(run.Feedback);
            await File.AppendAllTextAsync(Path.Combine(run.Workspace, "a.txt"), "x", token);
            return new() { Turn = run.Turn + 1, Usage = run.Usage };
        };
        var wait = $"until [ -e '{bench["go"]}' ]; do sleep 0.05; done";
        bench.Api.Offer(WorkerBench.Played(configure: request => request.Checks = [$"{wait}; grep xx a.txt"]), before: offered => task = offered);
        await task.SeenAsync(EventTypes.CheckStarted);
        task.Write("And that.");
        await Eventually.TrueAsync(() => Task.FromResult(task.MessagesTaken >= 1), TimeSpan.FromSeconds(10), "the worker has the message");
        await File.WriteAllTextAsync(bench["go"], "", TestContext.Current.CancellationToken);

        Assert.Equal(Outcome.Succeeded, (await task.EndAsync()).Outcome);
        Assert.Equal(2, prompts.Count);
        Assert.Contains("exited with 1", prompts[1], StringComparison.Ordinal);
        Assert.EndsWith("\n\nAnd that.", prompts[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task After_a_crash_during_the_checks_a_message_that_came_since_is_read()
    {
        await using var bench = await WorkerBench.StartAsync();
        var prompts = new List<string?>();
        bench.Agent = (run, _) =>
        {
            prompts.Add(run.Feedback);
            return Task.FromResult(new AgentResult { Turn = run.Turn + 1, Usage = run.Usage });
        };
        var first = bench.Api.Offer(WorkerBench.Played(configure: request => request.Checks = ["sleep 60"]));
        await first.SeenAsync(EventTypes.CheckStarted);
        first.TakeBack();
        await bench.NothingIsLeftAsync();

        var lease = first.Lease with { Fence = 2, Attempt = 2, Checkpoint = first.Checkpoints.Last(), Messages = [new(1, "And that.")] };
        lease.Request.Checks = [];
        Assert.Equal(Outcome.Succeeded, (await bench.Api.Offer(lease).EndAsync()).Outcome);
        Assert.Equal([null, "And that."], prompts);
    }

    [Fact]
    public async Task A_question_asked_while_somebody_cancels_is_left_to_the_Api()
    {
        await using var bench = await WorkerBench.StartAsync();
        FakeTask task = null!;
        bench.Agent = async (run, token) =>
        {
            await run.Session.CheckpointAsync(0, JsonSerializer.SerializeToElement("asked"), 0, run.Usage, token);
            task.Cancel();
            return new() { Question = Which, Usage = run.Usage };
        };
        bench.Api.Offer(WorkerBench.Played(), before: offered => task = offered);

        Assert.Contains((await task.EndAsync()).Outcome, (Outcome[])[Outcome.AwaitingInput, Outcome.Canceled]);
    }
}
