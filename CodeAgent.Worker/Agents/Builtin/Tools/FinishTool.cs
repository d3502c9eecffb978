using System.ComponentModel;

namespace CodeAgent.Worker.Agents.Builtin.Tools;

/// <summary>Ends the run.</summary>
internal sealed class FinishTool
{
    private const int MostReasons = 50;

    private Finish? _finish;

    /// <summary>What it was called with; none where it was not, since the last time.</summary>
    public Finish? Take() => Interlocked.Exchange(ref _finish, null);

    [Description("Ends the work. The checks run after it.")]
    public string Call(
        [Description("What was done and why, and what is left open, in a few sentences.")] string summary,
        [Description("How it ended: done, needs_work (something must be put right that you were not to do) or failed (it cannot be done). Done where it is left out.")] string? verdict = null,
        [Description("With another verdict than done: the reasons, each on its own.")] IReadOnlyList<string>? reasons = null)
    {
        if (reasons is { Count: > MostReasons })
        {
            throw new ToolException($"There are at most {MostReasons} reasons.");
        }

        AgentVerdict? given = verdict switch
        {
            null => null,
            "done" => AgentVerdict.Done,
            "needs_work" => AgentVerdict.NeedsWork,
            "failed" => AgentVerdict.Failed,
            _ => throw new ToolException("The argument 'verdict' is done, needs_work or failed."),
        };
        _finish = new(summary, given, reasons ?? []);
        return "Finished.";
    }
}

/// <summary>How the agent ended its work.</summary>
/// <param name="Summary">What it did.</param>
/// <param name="Verdict">What it says of it; none where it does not say.</param>
/// <param name="Reasons">Why.</param>
internal sealed record Finish(string Summary, AgentVerdict? Verdict, IReadOnlyList<string> Reasons);
