using System.Text.Json;
using CodeAgent.Contracts;
using TaskStatus = CodeAgent.Contracts.TaskStatus;

namespace CodeAgent.Benchmarks.Overnight;

/// <summary>A kind of task: what it does, and the state that is right for it.</summary>
/// <param name="Name">What it is, in a few words.</param>
/// <param name="Behaves">Whether it does nobody any harm.</param>
/// <param name="Request">Makes it, without the repository.</param>
/// <param name="Status">How it has to end.</param>
/// <param name="Failures">The failure codes that are right, where it has to fail.</param>
internal sealed record Kind(string Name, bool Behaves, Func<TaskRequest> Request, TaskStatus Status, params IReadOnlyList<string> Failures)
{
    /// <summary>Put into a task that is to be under way when its worker is killed.</summary>
    public const string KillMark = "the worker is to be killed now";

    private const string ForkBomb = "fork bomb within its limit";
    private const string DiskFiller = "disk filler";
    private const string MemoryHog = "memory hog";
    private const string Hang = "sleep 100000";

    // Each in a file of its own, so that it can be told apart from one that did nothing.
    private const string Edit = "printf 'night\\n' > night.txt";

    /// <summary>Those of the worker itself; the first half of it behaves.</summary>
    public static IReadOnlyList<Kind> Own { get; } =
    [
        new("builtin: edits, tests, finishes", true, () => Builtin(
            ("edit", new { path = "README.md", old = "# CodeAgent\n", @new = "# CodeAgent by night\n" }), ("run", new { command = Edit }), Finish) with { Checks = ["test -f night.txt"] }, TaskStatus.Succeeded),
        new("builtin: leaves processes behind", true, () => Builtin(
            ("run", new { command = $"{Edit}; (setsid nohup {Hang} >/dev/null 2>&1 &); (env -i setsid {Hang} &) ; {Hang} & true" }), Finish), TaskStatus.Succeeded),
        new("command: a script", true, () => Command($"{Edit}; seq 1 20000"), TaskStatus.Succeeded),
        new("command: exits with 3", true, () => Command("exit 3"), TaskStatus.Failed, FailureCodes.AgentFailed),

        new(ForkBomb, false, () => Builtin(
            ("run", new { command = "bomb() { bomb | bomb & }; bomb; sleep 5", seconds = 5 }), ("run", new { command = Edit }), Finish), TaskStatus.Succeeded),
        new(DiskFiller, false, () => Command("head -c 3G /dev/zero > filler; " + Hang), TaskStatus.Failed, FailureCodes.LimitReached, FailureCodes.AgentFailed),
        new(MemoryHog, false, () => Command("head -c 3G /dev/zero | tail > memory"), TaskStatus.Failed, FailureCodes.LimitReached, FailureCodes.AgentFailed),
        new("a model that repeats itself", false, () => Builtin([.. Enumerable.Repeat<(string, object)>(("run", new { command = "true" }), 40)]), TaskStatus.Failed, FailureCodes.Stuck),
        new("a model without an end", false, () => Limited(Builtin([.. Enumerable.Range(0, 40).Select(i => ("run", (object)new { command = $"echo {i}" }))]), turns: 8), TaskStatus.Failed, FailureCodes.LimitReached),
        new("a tool that hangs", false, () => Builtin(("run", new { command = $"{Edit}; trap '' TERM INT; {Hang}", seconds = 3 }), Finish), TaskStatus.Succeeded),
        new("a script that hangs", false, () => Limited(Command(Hang), minutes: 1), TaskStatus.Failed, FailureCodes.LimitReached),
        new("the worker is killed in mid-tool", false, () => Builtin(
            ("run", new { command = Edit }), ("run", new { command = $"test -f killed || {{ touch killed; echo {KillMark}; sleep 8; }}" }), Finish), TaskStatus.Succeeded),
    ];

    /// <summary>A task for a coding CLI.</summary>
    public static Kind Cli(string name, string tool, Func<string, object> with) => new($"{name}: edits, finishes", true, () =>
        Script([Step(tool, with(Edit)), """{"say": "Done."}"""]) with { Agent = new() { Name = name, Model = "simulator" } }, TaskStatus.Succeeded);

    /// <summary>Whether it takes all that it gets of the machine.</summary>
    public bool IsGreedy => Name is ForkBomb or DiskFiller or MemoryHog;

    public bool IsRight(TaskView task) => task.Status == Status
        && (Status != TaskStatus.Failed || Failures.Contains(task.Failure?.Code))
        && (Status != TaskStatus.Succeeded || task.Delivery is { FilesChanged: >= 1 });

    private static (string, object) Finish => ("finish", new { summary = "Done." });

    private static TaskRequest Builtin(params (string Tool, object With)[] calls) => Script(calls.Select(call => Step(call.Tool, call.With))) with { Agent = new() { Model = "simulator" } };

    private static TaskRequest Script(IEnumerable<string> steps) => new() { Prompt = $"Play the script.\n```simulator\n{string.Join('\n', steps)}\n```\n" };

    private static TaskRequest Command(string script) => new() { Prompt = script, Agent = new() { Name = AgentNames.Command } };

    private static TaskRequest Limited(TaskRequest request, int turns = 50, int minutes = 30) => request with { Limits = new() { Turns = turns, Minutes = minutes } };

    private static string Step(string tool, object with) => JsonSerializer.Serialize(new Dictionary<string, object>
    {
        ["call"] = tool,
        ["with"] = with,
        ["usage"] = new { prompt_tokens = 1000, completion_tokens = 100 },
    });
}
