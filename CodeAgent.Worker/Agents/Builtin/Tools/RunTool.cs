using System.ComponentModel;
using System.Globalization;

namespace CodeAgent.Worker.Agents.Builtin.Tools;

/// <summary>Runs a shell command.</summary>
internal sealed class RunTool(AgentRun run, TimeProvider time)
{
    private const int LongestOutput = 30_000;

    [Description("Runs a shell command in the working folder, to its end, and answers its exit code and output (cut in the middle where it is long).")]
    public async Task<string> RunAsync(
        [Description("The command, for sh.")] string command,
        [Description("Seconds after which it is ended. At least 1.")] int seconds = 120,
        CancellationToken cancellationToken = default)
    {
        if (seconds < 1)
        {
            throw new ToolException("The argument 'seconds' must be 1 or more.");
        }

        // What is left of the task's time is not told, or an answer could not be told from the same one a second later.
        var left = run.Session.Deadline - time.GetUtcNow();
        var limit = TimeSpan.FromSeconds(seconds);
        var result = await run.Sandbox.RunAsync(new()
        {
            Script = command,
            Directory = run.Workspace,
            TaskId = run.Lease.TaskId,
            TimeLimit = left < limit && left > TimeSpan.Zero ? left : limit,
            OutputLimit = LongestOutput,
        }, cancellationToken);
        var end = result.TimedOut
            ? $"Ended after {seconds} s: its time was up (exit code {result.ExitCode})."
            : $"Exit code {result.ExitCode}.";
        return string.Create(CultureInfo.InvariantCulture, $"{end}\n{(result.Output.Length == 0 ? "(no output)" : result.Output)}");
    }
}
