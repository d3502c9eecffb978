using System.Text.Json;
using CodeAgent.Contracts;
using CodeAgent.Worker.Processes;

namespace CodeAgent.Worker.Agents.Command;

/// <summary>The prompt is a shell script; no model is asked. It is one turn, so that a script that ran to its end is never run again.</summary>
internal sealed class CommandAgent(TimeProvider time) : IAgent
{
    private const int LongestTail = 1000;

    public string Name => AgentNames.Command;

    public bool TakesFeedback => false;

    public async Task<AgentResult> RunAsync(AgentRun run, CancellationToken cancellationToken)
    {
        if (run is { Turn: > 0, State: { } before })
        {
            return Result(run, before.Deserialize(CommandJson.Default.CommandState)!, before);
        }

        var left = run.Session.Deadline - time.GetUtcNow();
        var result = left > TimeSpan.Zero ? await RunAsync(run, left, cancellationToken) : null;
        if (result is null or { TimedOut: true })
        {
            return new()
            {
                Failure = new(FailureCodes.LimitReached, $"The limit of {run.Lease.Request.Limits.Minutes} minutes was reached.{Tail(result?.Output ?? "")}"),
                Turn = run.Turn,
                Usage = run.Usage,
            };
        }

        var ended = new CommandState(result.ExitCode, Tail(result.Output));
        var state = JsonSerializer.SerializeToElement(ended, CommandJson.Default.CommandState);
        await run.Session.CheckpointAsync(run.Turn + 1, state, run.MessagesSeen, run.Usage, cancellationToken);
        return Result(run with { Turn = run.Turn + 1 }, ended, state);
    }

    private async Task<CommandResult> RunAsync(AgentRun run, TimeSpan left, CancellationToken cancellationToken)
    {
        await using var output = new OutputReporter(run.Session, time, cancellationToken);
        return await run.Sandbox.RunAsync(new()
        {
            Script = run.Lease.Request.Prompt,
            Directory = run.Workspace,
            TaskId = run.Lease.TaskId,
            TimeLimit = left,
            OnOutput = output.WriteAsync,
        }, cancellationToken);
    }

    private static AgentResult Result(AgentRun run, CommandState ended, JsonElement state) => new()
    {
        Failure = ended.ExitCode == 0 ? null : new(FailureCodes.AgentFailed, $"The script exited with {ended.ExitCode}.{ended.Tail}"),
        Summary = ended.ExitCode == 0 ? "The script ran to its end." : null,
        Turn = run.Turn,
        State = state,
        MessagesSeen = run.MessagesSeen,
        Usage = run.Usage,
    };

    private static string Tail(string output)
    {
        var text = output.Trim();
        if (text.Length > LongestTail)
        {
            text = "…" + text[(char.IsLowSurrogate(text[^LongestTail]) ? ^(LongestTail - 1) : ^LongestTail)..];
        }

        return text.Length == 0 ? "" : $" Its output ends:\n{text}";
    }
}
