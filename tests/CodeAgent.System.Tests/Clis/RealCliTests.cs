using System.Globalization;
using System.Text;
using System.Text.Json;
using CodeAgent.Contracts;
using CodeAgent.SystemTests.Running;
using CodeAgent.Testing;
using CodeAgent.Testing.Npm;
using TaskStatus = CodeAgent.Contracts.TaskStatus;

namespace CodeAgent.SystemTests.Clis;

/// <summary>The coding CLIs of npm, unmodified, through Api, worker and gateway, with the simulator as their model.</summary>
public sealed class RealCliTests(CliSystem fixture) : IClassFixture<CliSystem>, IDisposable
{
    private const string First = "sleep 1; sed -i 's/CodeAgent/AgentCode/' README.md; printf 'made\\n' > docs/made.txt";
    private const string Second = "git rm -q --cached eng/BannedSymbols.txt; rm eng/BannedSymbols.txt; mkdir -p new; printf '\\000\\001' > new/blob.bin; chmod +x docs/made.txt";
    private const string Hazards = "CODEAGENT_TEST_HAZARDS";
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(4);
    private readonly string _folder = Directory.CreateTempSubdirectory("codeagent-clis-").FullName;

    public static TheoryData<string> Names { get; } = [.. CodingCli.All.Select(cli => cli.Name)];

    private ApiClient Api => fixture.System.Api;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [MemberData(nameof(Names))]
    public async Task A_cli_does_a_task_on_a_real_repository_and_its_patch_is_the_built_in_agents(string name)
    {
        Available();
        var origin = await GitRepository.BareCopyAsync(Repository.Root, Path.Combine(_folder, "origin.git"));
        var (reference, _) = await Api.SubmitAsync(Simulated.Task(
            Simulated.Call("run", new { command = First }), Simulated.Call("run", new { command = Second }), Simulated.Call("finish", new { summary = "Done." })) with
        { Repository = new() { Url = origin.Url } });
        var (id, _) = await Api.SubmitAsync(Task(name, [First, Second]) with
        {
            Repository = new() { Url = origin.Url },
            Checks = ["test -x docs/made.txt"],
            Delivery = new() { Push = true },
        });

        var task = await SucceededAsync(id);
        Assert.Equal("The work is done.", task.Summary);
        Assert.Equal(TaskStatus.Succeeded, (await Api.FinalAsync(reference, Limit)).Status);
        Assert.Equal(Encoding.Latin1.GetString(await Api.ArtifactAsync(reference, "patch")), Encoding.Latin1.GetString(await Api.ArtifactAsync(id, "patch")));
        Assert.Equal(task.Delivery!.Commit, await origin.RunAsync("rev-parse", $"codeagent/{id}"));

        var events = await Api.EventsAsync(id);
        var calls = events.Where(e => e.Type == EventTypes.ToolCall).Select(e => e.Data).ToList();
        Assert.Equal([First, Second], calls.Select(call => call.GetProperty("arguments").GetProperty("command").GetString()));
        Assert.All(calls, call => Assert.Equal("run", call.GetProperty("name").GetString()));
        Assert.All(events.Where(e => e.Type == EventTypes.ToolResult), e => Assert.False(e.Data.GetProperty("error").GetBoolean()));
        Assert.Contains(events, e => e.Type == EventTypes.AgentMessage && e.Data.GetProperty("text").GetString() == "The work is done.");
        Assert.True(task.Usage.InputTokens > 0 && task.Usage.OutputTokens > 0, task.Usage.ToString());
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task What_it_starts_in_the_background_is_gone_when_it_is_done(string name)
    {
        HazardsToo();
        var mark = string.Create(CultureInfo.InvariantCulture, $".{Guid.NewGuid().GetHashCode() & 0xffff}");
        var (id, _) = await Api.SubmitAsync(Task(name, [$"(setsid nohup sh -c 'while true; do sleep 60{mark}; done' >/dev/null 2>&1 &); sleep 15{mark} & echo started"]));
        await SucceededAsync(id);
        await Eventually.TrueAsync(async () => (await Processes.FindAsync((line, _) => line.Contains(mark, StringComparison.Ordinal) && line.Contains("sleep", StringComparison.Ordinal))).Count == 0,
            TimeSpan.FromSeconds(10), "what it started is gone");
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Three_megabytes_of_a_tools_output_do_no_harm(string name)
    {
        Available();
        // A model takes its time after that much; the simulator would not, and gemini and qwen lose what they have not written yet when they exit.
        var (id, _) = await Api.SubmitAsync(Task(name, ["head -c 3000000 /dev/zero | tr '\\0' 'x'; echo; echo end"], waitBeforeEnd: 1_500));
        await SucceededAsync(id);
        var result = (await Api.EventsAsync(id)).Single(e => e.Type == EventTypes.ToolResult);
        Assert.InRange(result.Data.GetProperty("output").GetString()!.Length, 1, 20_000);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task A_model_that_fails_ends_the_task_with_its_reason(string name)
    {
        HazardsToo();
        var begin = TimeProvider.System.GetUtcNow();
        var tasks = new List<Guid>();
        foreach (var status in (int[])[401, 429, 500])
        {
            tasks.Add((await Api.SubmitAsync(Prompt(name, [$$"""{"fail": {{status}}}"""]))).Id);
        }

        foreach (var id in tasks)
        {
            var task = await Api.FinalAsync(id, Limit);
            Assert.Equal((TaskStatus.Failed, FailureCodes.ModelFailed), (task.Status, task.Failure?.Code));
        }

        Assert.InRange(TimeProvider.System.GetUtcNow() - begin, TimeSpan.Zero, TimeSpan.FromMinutes(5));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task A_model_that_does_not_stop_is_stopped_by_the_tasks_turns(string name)
    {
        HazardsToo();
        var (id, _) = await Api.SubmitAsync(Task(name, [.. Enumerable.Range(1, 60).Select(n => $"echo {n} >> count; sleep 0.2")]) with { Limits = new() { Turns = 5 } });
        var task = await Api.FinalAsync(id, Limit);
        Assert.Equal((TaskStatus.Failed, FailureCodes.LimitReached), (task.Status, task.Failure?.Code));
        Assert.InRange(task.Turns, 4, 8);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task A_worker_killed_while_a_tool_runs_loses_nothing(string name)
    {
        HazardsToo();
        const string Slow = "test -f two.txt || { timeout 4 tail -f /dev/null; echo 2 > two.txt; }";

        // Whether the call that was cut off is part of the session is up to the CLI. A model looks what is there; the simulator's next step does.
        var (id, _) = await Api.SubmitAsync(Task(name, ["sleep 1; echo 1 > one.txt", Slow, "test -f two.txt || echo 2 > two.txt; echo 3 > three.txt"]));
        await Api.EventAsync(id, e => e.Type == EventTypes.TurnFinished, Limit, "a checkpoint is stored");
        var worker = (await Api.GetAsync(id)).Worker!;

        Processes.Signal(int.Parse(worker.Split('-')[^1], CultureInfo.InvariantCulture), Processes.Kill);

        var task = await SucceededAsync(id);
        Assert.Equal((2, 3), (task.Attempt, task.Delivery!.FilesChanged));
        var afresh = task.Work!.Notes.Any(note => note.Contains("started afresh", StringComparison.Ordinal));
        Assert.Equal(name == AgentNames.OpenCode, afresh);
        var first = (await Api.EventsAsync(id)).Count(e => e.Type == EventTypes.ToolCall && e.Attempt == 2 && e.Data.GetRawText().Contains("one.txt", StringComparison.Ordinal));
        Assert.Equal(afresh ? 1 : 0, first);
    }

    private void Available()
    {
        Assert.SkipWhen(fixture.Unavailable is not null, fixture.Unavailable ?? "");
    }

    // More than ten minutes for all of them.
    private void HazardsToo()
    {
        Available();
        Assert.SkipUnless(Environment.GetEnvironmentVariable(Hazards) == "1", $"set {Hazards}=1 besides to test with what goes wrong, which takes more than ten minutes");
    }

    private async Task<TaskView> SucceededAsync(Guid id)
    {
        var task = await Api.FinalAsync(id, Limit);
        Assert.True(task.Status == TaskStatus.Succeeded, $"{task.Failure} {string.Join(' ', task.Work?.Notes ?? [])}\n{string.Join('\n', (await Api.EventsAsync(id)).Select(e => $"{e.Type} {e.Data}"))}");
        return task;
    }

    private static TaskRequest Task(string name, string[] commands, int waitBeforeEnd = 0)
    {
        var cli = CodingCli.All.Single(cli => cli.Name == name);
        return Prompt(name, [.. commands.Select(command => JsonSerializer.Serialize(new { call = cli.Tool, with = cli.With(command) })), $$"""{"say": "The work is done.", "wait_ms": {{waitBeforeEnd}}}"""]);
    }

    private static TaskRequest Prompt(string name, IEnumerable<string> steps) =>
        Simulated.Task(steps) with { Agent = new() { Name = name, Model = "simulator" } };
}
