namespace CodeAgent.Worker.Agents.Builtin.Tools;

/// <summary>Data of the event <c>file.changed</c>.</summary>
/// <param name="Path">From the workspace's root, with <c>/</c>.</param>
/// <param name="Kind">How it differs from before.</param>
internal sealed record FileChange(string Path, string Kind)
{
    public const string Added = "added";
    public const string Modified = "modified";
    public const string Deleted = "deleted";
    public const string Renamed = "renamed";
}
