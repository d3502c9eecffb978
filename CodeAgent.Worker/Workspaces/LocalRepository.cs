using CodeAgent.ServiceDefaults.Files;

namespace CodeAgent.Worker.Workspaces;

/// <summary>
/// Repositories on the worker's own disk. The Api allows them by folder; what is in the folder can still lead elsewhere
/// (gitrepository-layout(5)), and the worker's own folder has what agents write and what other tasks were given.
/// </summary>
internal static class LocalRepository
{
    // In the order in which git looks.
    private static readonly string[] Endings = ["/.git", "", ".git/.git", ".git"];

    /// <summary>Why nothing is fetched from an address; null where nothing speaks against it, and for addresses of other machines.</summary>
    public static string? Refusal(string url, WorkFolders folders)
    {
        if (!Uri.TryCreate(url, UriKind.Absolute, out var address) || !address.IsFile)
        {
            return null;
        }

        var path = Path.TrimEndingDirectorySeparator(address.LocalPath);
        if (Array.Find(Endings, ending => Path.Exists(path + ending)) is not { } found)
        {
            return $"There is no {path} on the worker's disk.";
        }

        // What the Api has looked at is the path as it was given.
        var real = RealPath.Of(path + found);
        if (real is null || real != RealPath.Of(path) + found)
        {
            return "Its .git is a link to another place.";
        }

        if (RealPath.IsWithin(real, RealPath.Of(folders.Root)))
        {
            return "It is in the worker's own folder.";
        }

        if (File.Exists(real) || File.Exists(Path.Combine(real, "commondir")))
        {
            return "It is a worktree, or a submodule that keeps its repository elsewhere. Name the repository itself.";
        }

        return Array.Find(["objects", "refs"], part => RealPath.Of(Path.Combine(real, part)) != Path.Combine(real, part)) is { } link
            ? $"Its {link} are a link to another place." : null;
    }
}
