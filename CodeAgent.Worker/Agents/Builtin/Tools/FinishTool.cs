using System.ComponentModel;

namespace CodeAgent.Worker.Agents.Builtin.Tools;

/// <summary>Ends the run.</summary>
internal sealed class FinishTool
{
    private string? _summary;

    /// <summary>What it was called with; none where it was not, since the last time.</summary>
    public string? Take() => Interlocked.Exchange(ref _summary, null);

    [Description("Ends the work. The checks run after it.")]
    public string Finish([Description("What was done and why, and what is left open, in a few sentences.")] string summary)
    {
        _summary = summary;
        return "Finished.";
    }
}
