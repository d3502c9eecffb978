using System.Globalization;
using CodeAgent.Benchmarks.Figures;
using CodeAgent.Benchmarks.Machine;
using CodeAgent.Contracts;

namespace CodeAgent.Benchmarks.Worker;

/// <summary>How long it takes from the claim of a task to the first tool call of its agent, where the repository is in the worker's cache.</summary>
internal static class FirstToolCall
{
    private const double TargetMilliseconds = 300;
    private const string Command = "dotnet run -c Release --project tests/CodeAgent.Benchmarks -- worker";

    private const string Prompt = """
        Play the script.
        ```simulator
        {"call": "run", "with": {"command": "true"}}
        {"call": "finish", "with": {"summary": "Done."}}
        ```
        """;

    public static async Task<int> RunAsync(Options options, CancellationToken stop)
    {
        Gateway.Requirements.Check();
        var (warm, tasks) = ((int)options.Number("--warm-up", 15), (int)options.Number("--tasks", 60));
        await using var field = await WorkerField.StartAsync("capacity: 1\n", stop);
        await field.StartWorkerAsync("worker-1", stop);
        var plain = new PlainCheckout(field.Repository, field.WorkFolder);
        Dictionary<string, List<double>> parts = [];
        var sandbox = "none";
        for (var i = 0; i < warm + tasks; i++)
        {
            var id = await field.Api.SubmitAsync(new()
            {
                Prompt = Prompt,
                Repository = new() { Url = new Uri(field.Repository).AbsoluteUri },
                Agent = new() { Model = "simulator" },
            }, stop);
            var task = await field.Api.EndAsync(id, stop);
            if (task.Status != Contracts.TaskStatus.Succeeded)
            {
                throw new BenchmarkException($"A task {task.Status}: {task.Failure?.Message}");
            }

            sandbox = task.Work?.Sandbox ?? sandbox;
            if (i < warm)
            {
                continue;
            }

            foreach (var (part, milliseconds) in Parts(await field.Api.EventsAsync(id, stop)).Append((Plain, await plain.RunAsync(stop))))
            {
                parts.TryAdd(part, []);
                parts[part].Add(milliseconds);
            }
        }

        var table = new Table("ms", "p50", "p95", "most");
        foreach (var (part, values) in parts)
        {
            double[] sorted = [.. values.Order()];
            table.Add(part, Text(Statistics.Median(sorted)), Text(Statistics.Percentile(sorted, 95)), Text(sorted[^1]));
        }

        var (median, git) = (Statistics.Median(parts[Total]), Statistics.Median(parts[Plain]));
        string[] text =
        [
            "## From the claim to the first tool call", "", $"    {Command}", "", $"{table}",
            $"Target: p50 under {TargetMilliseconds:0} ms: {(median < TargetMilliseconds ? "reached" : "missed")}, {Text(median)} ms.",
            string.Create(CultureInfo.InvariantCulture, $"Git alone takes {Text(git)} ms to check the same files out into a folder that the file system was not told to spread (chattr +T); the whole way takes {median / git:0.00} times that."), "",
            .. (await MachineFacts.ReadAsync(stop)).Append(string.Create(CultureInfo.InvariantCulture,
                $"{TimeProvider.System.GetUtcNow():yyyy-MM-dd}, {tasks} tasks one after another after {warm} to warm up, sandbox {sandbox}, this repository in the worker's cache, the simulator for a model"))
                .Select(fact => $"* {fact}."),
            "", Method,
        ];
        await Console.Out.WriteLineAsync(string.Join('\n', text));
        await ReportFile.WriteAsync(options.Text("--out") ?? (options.Has("--tasks") ? Path.Combine(Places.Work, "benchmarks.md") : Places.Report), "worker", string.Join('\n', text), stop);
        return 0;
    }

    private const string Total = "**claim to first tool call**";
    private const string Plain = "git alone: the same files into a folder beside it that is not spread";

    private static IEnumerable<(string Part, double Milliseconds)> Parts(IReadOnlyList<TaskEvent> events)
    {
        var (queued, claimed) = (At(events, EventTypes.TaskQueued), At(events, EventTypes.TaskClaimed));
        var ready = events.First(e => e.Type == EventTypes.WorkspaceReady);
        var (answered, called, result) = (At(events, EventTypes.Usage), At(events, EventTypes.ToolCall), At(events, EventTypes.ToolResult));
        var workspace = ready.Data.GetProperty("milliseconds").GetDouble();
        yield return ("submitted to claimed", (claimed - queued).TotalMilliseconds);
        yield return ("claimed to the worker's begin", (ready.At - claimed).TotalMilliseconds - workspace);
        yield return ("worktree: fetch and check out", workspace);
        yield return ("sandbox and first model call", (answered - ready.At).TotalMilliseconds);
        yield return ("answer to tool call", (called - answered).TotalMilliseconds);
        yield return (Total, (called - claimed).TotalMilliseconds);
        yield return ("the tool call itself (`true` in the sandbox)", (result - called).TotalMilliseconds);
    }

    private static DateTimeOffset At(IReadOnlyList<TaskEvent> events, string type) => events.First(e => e.Type == type).At;

    private static string Text(double milliseconds) => milliseconds.ToString("0", CultureInfo.InvariantCulture);

    private const string Method = """
        How it is measured: Redis, gateway, Api and a worker as processes, release builds. The times are those of the task's own
        events, which Api and worker stamp by the machine's one clock. Nothing is kept between two tasks but the worker's processes and
        its bare clone of the repository: each has a workspace of its own.
        """;
}
