using CodeAgent.Worker.Configuration;
using CodeAgent.Worker.Sandboxes.Bubblewrap;
using CodeAgent.Worker.Sandboxes.Limits;

namespace CodeAgent.Worker.Sandboxes;

/// <summary>What this machine can do, tried out once.</summary>
/// <param name="Kind">The sandbox of tasks that ask for nothing.</param>
/// <param name="Bubblewrap">The program, where it works.</param>
/// <param name="Homes">Where groups of processes can be made.</param>
/// <param name="Reasons">Why what would be stronger is not there, by kind.</param>
internal sealed record SandboxChoice(SandboxMode Kind, BubblewrapProgram? Bubblewrap, CgroupHomes Homes, IReadOnlyDictionary<SandboxMode, string> Reasons)
{
    /// <summary>Why it is none, for whoever reads a task's result; nothing where it is not.</summary>
    public string? Weakness => Kind == SandboxMode.None && Reasons.Count > 0 ? $"The programs of this task ran without a sandbox: {string.Join("; ", Reasons.Values)}." : null;
}
