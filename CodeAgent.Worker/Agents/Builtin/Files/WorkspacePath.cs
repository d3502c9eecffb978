namespace CodeAgent.Worker.Agents.Builtin.Files;

/// <summary>A place in the workspace, with no link on the way to it.</summary>
/// <param name="Full">Absolute.</param>
/// <param name="Relative">From the workspace's root, with <c>/</c>; empty for the root itself.</param>
internal readonly record struct WorkspacePath(string Full, string Relative)
{
    /// <summary>How it is shown.</summary>
    public string Shown => Relative.Length == 0 ? "." : Relative;
}
