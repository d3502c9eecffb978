namespace CodeAgent.Api.Repositories;

/// <summary>The names that git takes: the rules of git-check-ref-format(1), and no name that could pass for an option.</summary>
internal static class GitNames
{
    private const int LongestBranch = 200;
    private const int LongestRevision = 255;

    /// <summary>Whether a branch can have this name.</summary>
    public static bool IsBranch(string name) => name.Length <= LongestBranch && name != "HEAD" && IsName(name);

    /// <summary>Whether a branch, a tag or a commit can have this name.</summary>
    public static bool IsRevision(string name) => name.Length <= LongestRevision && IsName(name);

    private static bool IsName(string name) =>
        name.Length > 0
        && name != "@"
        && name[0] != '-'
        && name[^1] != '.'
        && !name.Contains("..", StringComparison.Ordinal)
        && !name.Contains("@{", StringComparison.Ordinal)
        && !name.Any(c => char.IsControl(c) || " ~^:?*[\\".Contains(c, StringComparison.Ordinal))
        && name.Split('/').All(part => part.Length > 0 && part[0] != '.' && !part.EndsWith(".lock", StringComparison.Ordinal));
}
