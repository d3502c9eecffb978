using System.Text.Json;
using CodeAgent.Contracts;
using CodeAgent.SystemTests.Running;
using CodeAgent.Testing;
using TaskStatus = CodeAgent.Contracts.TaskStatus;

namespace CodeAgent.SystemTests.Tasks;

/// <summary>What runs is killed in the middle of a task; the task goes on and ends well.</summary>
public sealed class CrashTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(90);

    // Turn 2 runs a command for a while; turn 3 lets the model take its time.
    private static TaskRequest Script => Simulated.Task(
        Simulated.Call("write", new { path = "one.txt", content = "1\n" }),
        Simulated.Call("run", new { command = "sleep 3; echo 2 > two.txt" }),
        Simulated.Call("write", new { path = "three.txt", content = "3\n" }, waitMilliseconds: 4_000),
        Simulated.Call("finish", new { summary = "Three files." }));

    [Fact]
    public async Task A_worker_killed_while_a_tool_runs()
    {
        await using var system = await RunningSystem.StartAsync();
        var (id, _) = await system.Api.SubmitAsync(Script);
        var call = await system.Api.EventAsync(id, e => e.Type == EventTypes.ToolCall && Name(e) == "run", Limit, "the command runs");
        Assert.Equal(1, call.Attempt);

        await KillWorkerOfAsync(system, id);

        await AssertTakenOverAsync(system, id, afterTurn: 1);
        var turns = await TurnsAsync(system, id);
        // The answer that was paid for before the crash is given again from the record.
        Assert.Equal((1, 1), turns[$"{id}:1:2"]);
        Assert.All(turns.Values, turn => Assert.Equal(1, turn.Asked));
    }

    [Fact]
    public async Task A_worker_killed_while_the_model_answers()
    {
        await using var system = await RunningSystem.StartAsync();
        var (id, _) = await system.Api.SubmitAsync(Script);
        await system.Api.EventAsync(id, e => e.Type == EventTypes.TurnFinished && Turn(e) == 2, Limit, "turn 2 is over");

        await KillWorkerOfAsync(system, id);

        await AssertTakenOverAsync(system, id, afterTurn: 2);
        var turns = await TurnsAsync(system, id);
        Assert.Equal((1, 0), turns[$"{id}:1:1"]);
        Assert.Equal((1, 0), turns[$"{id}:1:2"]);
    }

    [Fact]
    public async Task A_worker_that_was_presumed_dead_comes_back_and_can_change_nothing()
    {
        await using var system = await RunningSystem.StartAsync();
        var (id, _) = await system.Api.SubmitAsync(Script);
        await system.Api.EventAsync(id, e => e.Type == EventTypes.TurnFinished && Turn(e) == 1, Limit, "turn 1 is over");
        var stopped = WorkerProcess(await system.Api.GetAsync(id));
        Processes.Signal(stopped, Processes.Stop);
        await system.Api.EventAsync(id, e => e.Type == EventTypes.TaskClaimed && e.Attempt == 2, Limit, "another worker has it");
        Processes.Signal(stopped, Processes.Continue);

        var task = await system.Api.FinalAsync(id, Limit);

        Assert.Equal((TaskStatus.Succeeded, 2), (task.Status, task.Attempt));
        var events = await AssertGaplessAsync(system, id);
        var takeover = events.Single(e => e.Type == EventTypes.TaskClaimed && e.Attempt == 2).Number;
        Assert.DoesNotContain(events, e => e.Number > takeover && e.Attempt == 1);
        AssertEachTurnFinishedOnce(events);
    }

    [Theory]
    [InlineData("CodeAgent.Api")]
    [InlineData("CodeAgent.LlmGateway")]
    public async Task A_service_killed_in_the_middle_of_a_task(string program)
    {
        await using var system = await RunningSystem.StartAsync();
        var (id, _) = await system.Api.SubmitAsync(Script);
        await system.Api.EventAsync(id, e => e.Type == EventTypes.TurnFinished && Turn(e) == 2, Limit, "turn 2 is over");

        await system.KillAsync(program);
        var task = await system.Api.FinalAsync(id, Limit);

        Assert.True(task.Status == TaskStatus.Succeeded, task.Failure?.ToString());
        Assert.Equal("Three files.", task.Summary);
        AssertEachTurnFinishedOnce(await AssertGaplessAsync(system, id));
    }

    [Fact]
    public async Task Everything_killed_in_the_middle_of_a_task_and_started_again()
    {
        await using var system = await RunningSystem.StartAsync();
        var (running, _) = await system.Api.SubmitAsync(Script);
        var queued = new List<Guid>();
        await system.Api.EventAsync(running, e => e.Type == EventTypes.TurnFinished && Turn(e) == 2, Limit, "turn 2 is over");
        for (var i = 0; i < 10; i++)
        {
            queued.Add((await system.Api.SubmitAsync(new() { Prompt = $"echo {i} > file.txt", Agent = new() { Name = "command" } })).Id);
        }

        var before = await system.Api.EventsAsync(running);
        await system.KillAppHostAsync();
        await Eventually.TrueAsync(async () => (await system.AllProcessesAsync()).Count == 0, TimeSpan.FromSeconds(10), "no process is left");
        await system.StartAgainAsync();

        foreach (var id in queued.Append(running))
        {
            var task = await system.Api.FinalAsync(id, Limit);
            Assert.True(task.Status == TaskStatus.Succeeded, $"{id}: {task.Failure}");
            AssertEachTurnFinishedOnce(await AssertGaplessAsync(system, id));
        }

        var after = await system.Api.EventsAsync(running);
        Assert.Equal(before.Select(e => (e.Number, e.Type)), after.Take(before.Count).Select(e => (e.Number, e.Type)));
    }

    private static async Task KillWorkerOfAsync(RunningSystem system, Guid id) =>
        Processes.Signal(WorkerProcess(await system.Api.GetAsync(id)), Processes.Kill);

    // A worker's name ends with its process id.
    private static int WorkerProcess(TaskView task) => int.Parse(task.Worker!.Split('-')[^1], null);

    private static async Task AssertTakenOverAsync(RunningSystem system, Guid id, int afterTurn)
    {
        var killed = TimeProvider.System.GetUtcNow();
        var claim = await system.Api.EventAsync(id, e => e.Type == EventTypes.TaskClaimed && e.Attempt == 2, Limit, "another worker has it");
        Assert.InRange(claim.At - killed, TimeSpan.FromSeconds(-1), TimeSpan.FromSeconds(15));
        Assert.Equal(afterTurn, claim.Data.GetProperty("turn").GetInt32());

        var task = await system.Api.FinalAsync(id, Limit);

        Assert.True(task.Status == TaskStatus.Succeeded, task.Failure?.ToString());
        Assert.Equal((2, "Three files.", 3), (task.Attempt, task.Summary, task.Delivery!.FilesChanged));
        AssertEachTurnFinishedOnce(await AssertGaplessAsync(system, id));
    }

    private static async Task<IReadOnlyList<TaskEvent>> AssertGaplessAsync(RunningSystem system, Guid id)
    {
        var events = await system.Api.EventsAsync(id);
        Assert.Equal(Enumerable.Range(1, events.Count).Select(n => (long)n), events.Select(e => e.Number));
        Assert.Single(events, e => e.Type is EventTypes.TaskSucceeded);
        Assert.Equal(EventTypes.TaskSucceeded, events[^1].Type);
        return events;
    }

    private static void AssertEachTurnFinishedOnce(IReadOnlyList<TaskEvent> events)
    {
        var turns = events.Where(e => e.Type == EventTypes.TurnFinished).Select(Turn).ToList();
        Assert.Equal(Enumerable.Range(1, turns.Count), turns);
    }

    // What the gateway wrote down of the task's model turns: by idempotency key, how often the provider was asked, how often the record answered.
    private static async Task<Dictionary<string, (int Asked, int Replayed)>> TurnsAsync(RunningSystem system, Guid id)
    {
        using var json = JsonDocument.Parse(await system.Gateway.GetStringAsync($"/admin/turns?task={id}", TestContext.Current.CancellationToken));
        return json.RootElement.GetProperty("turns").EnumerateArray().ToDictionary(
            turn => turn.GetProperty("key").GetString()!,
            turn => (turn.GetProperty("asked").GetInt32(), turn.GetProperty("replayed").GetInt32()));
    }

    private static int Turn(TaskEvent e) => e.Data.GetProperty("turn").GetInt32();

    private static string? Name(TaskEvent e) => e.Data.GetProperty("name").GetString();
}
