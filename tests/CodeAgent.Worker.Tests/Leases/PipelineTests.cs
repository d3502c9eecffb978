using System.Text.Json;
using CodeAgent.Contracts;
using CodeAgent.Testing;
using CodeAgent.Worker.Agents;
using CodeAgent.Worker.Tests.Benches;

namespace CodeAgent.Worker.Tests.Leases;

public sealed class PipelineTests
{
    private static readonly PipelineStep Plan = new() { Name = "plan", Prompt = "Plan: {prompt}" };
    private static readonly PipelineStep Build = new() { Name = "build", Prompt = "Do {prompt} by {plan}; {feedback}", Summarizes = true };
    private static readonly PipelineStep Review = new() { Name = "review", Prompt = "Review {steps}", Verdict = true };

    [Fact]
    public async Task Steps_run_one_after_another_each_with_what_those_before_said()
    {
        await using var bench = await WorkerBench.StartAsync();
        var prompts = new List<string>();
        bench.Agent = async (run, token) =>
        {
            Assert.Null(run.State);
            prompts.Add(run.Lease.Request.Prompt);
            return await TurnAsync(run, $"summary {prompts.Count}", AgentVerdict.Done, token);
        };
        var lease = Lease([Plan, Build, Review]);
        var task = bench.Api.Offer(lease with { Request = lease.Request with { Prompt = "it {plan}" } });

        var end = await task.EndAsync();
        Assert.Equal((Outcome.Succeeded, "summary 2", 3), (end.Outcome, end.Summary, end.Turns));
        Assert.Equal(["Plan: it {plan}", "Do it {plan} by summary 1; (nothing)", "Review plan: summary 1\n\nbuild: summary 2"], prompts);
        Assert.Equal(["plan succeeded", "build succeeded", "review succeeded"], Steps(task));
        Assert.Equal([1, 2, 3], task.Events.Where(e => e.Type == EventTypes.TurnFinished).Select(e => e.Data.GetProperty("turn").GetInt32()));
        Assert.Equal(["plan", "build", "review"], Names(task, EventTypes.StepStarted));
        Assert.Equal(2, end.Delivery!.FilesChanged);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task A_worker_that_is_lost_in_a_step_leaves_the_rest_to_the_next_one(int lostIn)
    {
        await using var bench = await WorkerBench.StartAsync();
        var ran = new List<string>();
        var lost = false;
        FakeTask first = null!;
        bench.Agent = async (run, token) =>
        {
            // Each step takes two turns; the worker is lost between them.
            var half = run.State?.GetString() == "half";
            ran.Add($"{run.Lease.Request.Prompt.Split(' ')[0]}{(half ? " rest" : "")}");
            if (!half)
            {
                await File.WriteAllTextAsync(Path.Combine(run.Workspace, $"half{run.Turn}"), "", token);
                await run.Session.CheckpointAsync(run.Turn + 1, JsonSerializer.SerializeToElement("half"), 0, run.Usage, token);
                if (!lost && run.Turn == (lostIn - 1) * 2)
                {
                    lost = true;
                    first.TakeBack();
                    await Task.Delay(Timeout.Infinite, token);
                }
            }

            return await TurnAsync(run with { Turn = half ? run.Turn : run.Turn + 1 }, $"did {run.Lease.Request.Prompt.Split(' ')[0]}", AgentVerdict.Done, token);
        };
        bench.Api.Offer(Lease([Plan, Build, Review]), before: task => first = task);
        await Eventually.TrueAsync(() => Task.FromResult(lost), TimeSpan.FromSeconds(20), "the worker is lost");
        await bench.NothingIsLeftAsync();

        var second = GoOn(bench, first);
        var end = await second.EndAsync();

        Assert.Equal((Outcome.Succeeded, 6, "did Do"), (end.Outcome, end.Turns, end.Summary));
        string[] names = ["Plan:", "Do", "Review"];
        Assert.Equal([.. names[..lostIn], $"{names[lostIn - 1]} rest", .. names[lostIn..]], ran);
        Assert.Equal(["plan succeeded", "build succeeded", "review succeeded"], Steps(second));
        Assert.Equal(4, end.Delivery!.FilesChanged);
    }

    [Fact]
    public async Task A_worker_that_is_lost_between_two_steps_costs_neither_the_one_nor_the_other()
    {
        await using var bench = await WorkerBench.StartAsync();
        var ran = new List<string>();
        FakeTask first = null!;
        bench.Agent = async (run, token) =>
        {
            Assert.Null(run.State);
            ran.Add(run.Lease.Request.Prompt.Split(' ')[0]);
            if (ran.Count == 2)
            {
                first.TakeBack();
                await Task.Delay(Timeout.Infinite, token);
            }

            return await TurnAsync(run, "s", null, token);
        };
        bench.Api.Offer(Lease([Plan, Build]), before: task => first = task);
        await Eventually.TrueAsync(() => Task.FromResult(ran.Count == 2), TimeSpan.FromSeconds(20), "the second step has begun");
        await bench.NothingIsLeftAsync();

        var second = GoOn(bench, first);
        var end = await second.EndAsync();

        Assert.Equal((Outcome.Succeeded, 2, 2), (end.Outcome, end.Turns, end.Delivery!.FilesChanged));
        Assert.Equal(["Plan:", "Do", "Do"], ran);
        Assert.Equal(["plan succeeded", "build succeeded"], Steps(second));
    }

    [Fact]
    public async Task What_a_step_did_that_failed_without_a_checkpoint_is_there_for_the_next_one_and_survives_its_worker()
    {
        await using var bench = await WorkerBench.StartAsync();
        var found = new List<bool>();
        FakeTask first = null!;
        bench.Agent = async (run, token) =>
        {
            var file = Path.Combine(run.Workspace, "paid");
            if (run.Lease.Request.Prompt.StartsWith("Plan", StringComparison.Ordinal))
            {
                await File.WriteAllTextAsync(file, "for", token);
                return new() { Failure = new(FailureCodes.LimitReached, "Used up."), Turn = 3, Usage = new() { OutputTokens = 7 } };
            }

            found.Add(File.Exists(file));
            if (found.Count == 1)
            {
                first.TakeBack();
                await Task.Delay(Timeout.Infinite, token);
            }

            return await TurnAsync(run, "s", null, token);
        };
        bench.Api.Offer(Lease([Plan with { OnFailure = StepFailure.Continue }, Build]), before: task => first = task);
        await Eventually.TrueAsync(() => Task.FromResult(found.Count == 1), TimeSpan.FromSeconds(20), "the second step has begun");
        await bench.NothingIsLeftAsync();

        var stored = Assert.Single(first.Checkpoints);
        Assert.Equal((3, 7L), (stored.Turn, stored.Usage.OutputTokens));
        var end = await GoOn(bench, first).EndAsync();

        Assert.Equal([true, true], found);
        Assert.Equal((Outcome.Succeeded, 4, 2), (end.Outcome, end.Turns, end.Delivery!.FilesChanged));
    }

    [Fact]
    public async Task A_review_that_wants_more_sends_the_work_back_as_often_as_it_may()
    {
        await using var bench = await WorkerBench.StartAsync();
        var prompts = new List<string>();
        bench.Agent = (run, token) =>
        {
            prompts.Add(run.Lease.Request.Prompt);
            return TurnAsync(run, "s", run.Lease.Request.Prompt.StartsWith("Review", StringComparison.Ordinal) ? AgentVerdict.NeedsWork : null, token);
        };
        var task = bench.Api.Offer(Lease([Build with { Prompt = "Do; {feedback}" }, Review with { OnFailure = StepFailure.Back, BackTo = "build", AtMost = 2 }]));

        var end = await task.EndAsync();
        Assert.Equal(FailureCodes.AgentFailed, end.Failure!.Code);
        Assert.Equal("In the step review: The agent's verdict is that it needs work.\n- a test is missing\nIt went back 2 of 2 times.", end.Failure.Message);
        Assert.Equal(3, prompts.Count(prompt => prompt.StartsWith("Do", StringComparison.Ordinal)));
        Assert.Equal("Do; The agent's verdict is that it needs work.\n- a test is missing", prompts[2]);
        Assert.Equal(["build succeeded", "review failed"], Steps(task));
    }

    [Theory]
    [InlineData("needs_work", "plan succeeded,review failed,fix succeeded,check succeeded")]
    [InlineData("done", "plan succeeded,review succeeded,fix skipped,check succeeded")]
    public async Task A_step_for_failures_is_run_only_after_one(string word, string steps)
    {
        var verdict = word == "done" ? AgentVerdict.Done : AgentVerdict.NeedsWork;
        await using var bench = await WorkerBench.StartAsync();
        bench.Agent = (run, token) => TurnAsync(run, "s", run.Lease.Request.Prompt.StartsWith("Review", StringComparison.Ordinal) ? verdict : null, token);
        var task = bench.Api.Offer(Lease([
            Plan, Review with { OnFailure = StepFailure.Continue },
            new() { Name = "fix", Prompt = "Fix {feedback}", When = StepWhen.Failure },
            new() { Name = "check", Checks = ["true"] }]));

        Assert.Equal(Outcome.Succeeded, (await task.EndAsync()).Outcome);
        Assert.Equal(steps, string.Join(',', Steps(task)));
    }

    [Fact]
    public async Task A_failed_check_of_a_step_without_an_agent_goes_back()
    {
        await using var bench = await WorkerBench.StartAsync();
        var prompts = new List<string>();
        bench.Agent = (run, token) =>
        {
            prompts.Add(run.Lease.Request.Prompt);
            return TurnAsync(run, "s", null, token);
        };
        var task = bench.Api.Offer(Lease([
            new() { Name = "build", Prompt = "Do {feedback}" },
            new() { Name = "check", Checks = ["test -e turn1 || { echo No turn1.; false; }"], OnFailure = StepFailure.Back, BackTo = "build" }]));

        Assert.Equal(Outcome.Succeeded, (await task.EndAsync()).Outcome);
        Assert.Equal(["Do (nothing)", "Do The check `test -e turn1 || { echo No turn1.; false; }` exited with 1. It printed:\n\nNo turn1.\n"], prompts);
    }

    [Fact]
    public async Task A_step_that_stops_fails_the_task_and_names_itself()
    {
        await using var bench = await WorkerBench.StartAsync();
        bench.Agent = (run, _) => Task.FromResult(new AgentResult { Failure = new(FailureCodes.Stuck, "In circles."), Turn = run.Turn, Usage = run.Usage });
        var task = bench.Api.Offer(Lease([Plan, Build]));

        Assert.Equal(new(FailureCodes.Stuck, "In the step plan: In circles."), (await task.EndAsync()).Failure);
        Assert.Equal(["plan failed", "build pending"], Steps(task));
    }

    [Fact]
    public async Task A_provider_that_is_away_is_not_passed_over()
    {
        await using var bench = await WorkerBench.StartAsync();
        bench.Agent = (run, _) => Task.FromResult(new AgentResult { Failure = new(FailureCodes.ModelFailed, "Away."), Turn = run.Turn, Usage = run.Usage });
        var task = bench.Api.Offer(Lease([Plan with { OnFailure = StepFailure.Continue }, Build]));

        Assert.Equal(FailureCodes.ModelFailed, (await task.EndAsync()).Failure!.Code);
    }

    [Fact]
    public async Task The_limits_of_the_task_hold_over_all_steps_and_those_of_a_step_within_it()
    {
        await using var bench = await WorkerBench.StartAsync();
        var limits = new List<(int, long)>();
        bench.Agent = async (run, token) =>
        {
            limits.Add((run.Lease.Request.Limits.Turns, run.Lease.Request.Limits.Tokens));
            var result = await TurnAsync(run, "s", null, token);
            return result with { Usage = new() { InputTokens = result.Turn * 100 } };
        };
        var task = bench.Api.Offer(Lease(
            [Plan with { Limits = new() { Turns = 5, Tokens = 1_000 } }, Build with { Limits = new() { Turns = 5 } }, Review with { Verdict = false, Limits = new() { Turns = 20, Tokens = 50 } }],
            request => request.Limits = new() { Turns = 10, Tokens = 400 }));
        await task.EndAsync();

        Assert.Equal([(5, 400), (6, 400), (10, 250)], limits);
    }

    [Fact]
    public async Task A_step_that_uses_up_its_own_limit_says_so_to_the_next_one_in_its_own_numbers()
    {
        await using var bench = await WorkerBench.StartAsync();
        var prompts = new List<string>();
        bench.Agent = async (run, token) =>
        {
            prompts.Add(run.Lease.Request.Prompt);
            var result = await TurnAsync(run, "s", null, token);
            return prompts.Count == 2 ? result with { Failure = new(FailureCodes.LimitReached, "Its 2 turns are used up (limits.turns).") } : result;
        };
        var task = bench.Api.Offer(Lease([
            Plan, Review with { OnFailure = StepFailure.Continue, Limits = new() { Turns = 1 } }, new() { Name = "fix", Prompt = "Fix {feedback}" }]));

        Assert.Equal(Outcome.Succeeded, (await task.EndAsync()).Outcome);
        Assert.Equal("Fix The step review reached its own limit of 1 turns before it was done, and gave no verdict.", prompts[2]);
    }

    [Theory]
    [InlineData(false, 1)]
    [InlineData(true, 2)]
    public async Task A_step_that_judges_leaves_no_files_unless_it_may(bool keeps, int files)
    {
        await using var bench = await WorkerBench.StartAsync();
        bench.Agent = (run, token) => TurnAsync(run, "s", AgentVerdict.Done, token);
        var task = bench.Api.Offer(Lease([Plan, Review with { KeepsChanges = keeps }]));

        Assert.Equal(files, (await task.EndAsync()).Delivery!.FilesChanged);
    }

    [Fact]
    public async Task A_step_that_uses_up_the_tasks_own_limit_ends_the_task()
    {
        await using var bench = await WorkerBench.StartAsync();
        bench.Agent = (run, _) => Task.FromResult(new AgentResult { Failure = new(FailureCodes.LimitReached, "Used up."), Turn = 10, Usage = run.Usage });
        var task = bench.Api.Offer(Lease([Plan with { OnFailure = StepFailure.Continue }, Build], request => request.Limits = new() { Turns = 10 }));

        Assert.Equal("In the step plan: Used up.", (await task.EndAsync()).Failure!.Message);
    }

    [Fact]
    public async Task An_agent_that_owes_a_verdict_is_reminded()
    {
        await using var bench = await WorkerBench.StartAsync();
        var feedback = new List<string?>();
        bench.Agent = (run, token) =>
        {
            feedback.Add(run.Feedback);
            return TurnAsync(run, "s", feedback.Count == 3 ? AgentVerdict.Done : null, token);
        };
        var task = bench.Api.Offer(Lease([Review]));

        Assert.Equal(Outcome.Succeeded, (await task.EndAsync()).Outcome);
        Assert.Equal(3, feedback.Count);
        Assert.StartsWith("This ends with a verdict", feedback[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_task_without_steps_fails_where_its_agent_says_so()
    {
        await using var bench = await WorkerBench.StartAsync();
        bench.Agent = (run, token) => TurnAsync(run, "s", AgentVerdict.Failed, token);
        var task = bench.Api.Offer(WorkerBench.Played());

        Assert.Equal(new(FailureCodes.AgentFailed, "The agent's verdict is that it failed.\n- a test is missing"), (await task.EndAsync()).Failure);
        Assert.Empty(task.Work!.Steps);
    }

    [Fact]
    public async Task A_message_that_comes_when_only_scripts_are_left_goes_back_to_an_agent_that_reads()
    {
        await using var bench = await WorkerBench.StartAsync();
        FakeTask task = null!;
        var said = new List<string>();
        bench.Agent = async (run, token) =>
        {
            var messages = run.Session.MessagesAfter(run.MessagesSeen);
            said.Add(string.Join(',', messages.Select(message => message.Text)));
            return (await TurnAsync(run, "s", null, token)) with { MessagesSeen = messages.Count > 0 ? messages[^1].Number : run.MessagesSeen };
        };
        bench.Api.Offer(Lease([
            new() { Name = "build", Prompt = "Do" },
            new() { Name = "tidy", Prompt = $"until [ -e '{bench["go"]}' ]; do sleep 0.05; done", Agent = new() { Name = AgentNames.Command } }]), before: offered => task = offered);
        await task.SeenAsync(EventTypes.StepFinished);
        task.Write("And that.");
        await File.WriteAllTextAsync(bench["go"], "", TestContext.Current.CancellationToken);

        Assert.Equal(Outcome.Succeeded, (await task.EndAsync()).Outcome);
        Assert.Equal(["", "And that."], said);
        Assert.Equal(["build", "tidy", "build", "tidy"], Names(task, EventTypes.StepStarted));
    }

    [Fact]
    public async Task A_message_that_no_step_reads_ends_the_task_plainly()
    {
        await using var bench = await WorkerBench.StartAsync();
        var task = bench.Api.Offer(Lease([new() { Name = "check", Checks = ["true"] }]), before: offered => offered.Write("And that."));

        var failure = (await task.EndAsync()).Failure!;
        Assert.Equal((FailureCodes.WorkerError, "There are messages for the task, but none of its steps has an agent that reads them."), (failure.Code, failure.Message));
    }

    // The task with its next worker.
    private static FakeTask GoOn(WorkerBench bench, FakeTask first)
    {
        var lease = first.Lease with { Fence = 2, Attempt = 2, Checkpoint = first.Checkpoints.Last(), Usage = first.Checkpoints.Last().Usage, Work = first.Work };
        return bench.Api.Offer(lease, before: second =>
        {
            if (lease.Checkpoint!.Patch is { } patch)
            {
                second.Artifacts[patch] = first.Artifacts[patch];
            }
        });
    }

    // One turn that leaves a file.
    private static async Task<AgentResult> TurnAsync(AgentRun run, string summary, AgentVerdict? verdict, CancellationToken cancellationToken)
    {
        var turn = run.Turn + 1;
        await File.WriteAllTextAsync(Path.Combine(run.Workspace, $"turn{run.Turn}"), "", cancellationToken);
        var state = JsonSerializer.SerializeToElement("done");
        await run.Session.CheckpointAsync(turn, state, run.MessagesSeen, run.Usage, cancellationToken);
        return new() { Turn = turn, State = state, Summary = summary, Verdict = verdict, Reasons = verdict is null or AgentVerdict.Done ? [] : ["a test is missing"], MessagesSeen = run.MessagesSeen, Usage = run.Usage };
    }

    private static Lease Lease(IReadOnlyList<PipelineStep> steps, Action<TaskRequest>? configure = null) => WorkerBench.Played(configure: configure) with { Steps = steps };

    private static IEnumerable<string> Steps(FakeTask task) => task.Work!.Steps.Select(step => $"{step.Name} {step.Status}");

    private static IEnumerable<string?> Names(FakeTask task, string type) => task.Events.Where(e => e.Type == type).Select(e => e.Data.GetProperty("name").GetString());
}
