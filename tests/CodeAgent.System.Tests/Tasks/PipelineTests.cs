using CodeAgent.Contracts;
using CodeAgent.SystemTests.Running;
using TaskStatus = CodeAgent.Contracts.TaskStatus;

namespace CodeAgent.SystemTests.Tasks;

public sealed class PipelineTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(120);

    // Every step plays the same script: its prompt holds the task's.
    [Fact]
    public async Task The_whole_way_goes_on_in_the_step_in_which_its_worker_was_killed()
    {
        await using var system = await RunningSystem.StartAsync();
        var request = Simulated.Task(
            Simulated.Call("run", new { command = "sleep 2; echo x >> steps.txt" }),
            Simulated.Call("finish", new { summary = "Done.", verdict = "done" }));
        request.Type = "full";
        request.Checks = ["test -s steps.txt"];
        var (id, _) = await system.Api.SubmitAsync(request);
        foreach (var step in (string[])["implement", "review"])
        {
            var begun = await system.Api.EventAsync(id, e => e.Type == EventTypes.StepStarted && e.Data.GetProperty("name").GetString() == step, Limit, $"{step} begins");
            await system.Api.EventAsync(id, e => e.Number > begun.Number && e.Type == EventTypes.ToolCall, Limit, "its command runs");
            Processes.Signal(int.Parse((await system.Api.GetAsync(id)).Worker!.Split('-')[^1], null), Processes.Kill);
        }

        var task = await system.Api.FinalAsync(id, Limit);

        Assert.True(task.Status == TaskStatus.Succeeded, task.Failure?.ToString());
        Assert.Equal((3, 12, "Done."), (task.Attempt, task.Turns, task.Summary));
        Assert.Equal(
            ["plan succeeded", "implement succeeded", "test succeeded", "document succeeded", "review succeeded", "fix skipped", "check succeeded"],
            task.Work!.Steps.Select(step => $"{step.Name} {step.Status}"));
        var turns = (await system.Api.EventsAsync(id)).Where(e => e.Type == EventTypes.TurnFinished).Select(e => e.Data.GetProperty("turn").GetInt32());
        Assert.Equal(Enumerable.Range(1, 12), turns);
    }
}
