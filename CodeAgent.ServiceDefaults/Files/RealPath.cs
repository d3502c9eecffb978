namespace CodeAgent.ServiceDefaults.Files;

/// <summary>Where paths lead when all links in them are followed.</summary>
public static class RealPath
{
    // As the kernel does, so that a link to itself ends.
    private const int MostLinks = 40;

    /// <summary>The path without links in it; null where there are too many. What does not exist is taken as it is written.</summary>
    public static string? Of(string path)
    {
        var links = 0;
        var pending = new Stack<string>(Parts(Path.GetFullPath(path)));
        var real = Path.GetPathRoot(Path.GetFullPath(path))!;
        while (pending.TryPop(out var part))
        {
            var next = Path.Combine(real, part);
            if (part == "..")
            {
                real = Path.GetDirectoryName(real) ?? real;
            }
            else if (new FileInfo(next).LinkTarget is { } target)
            {
                if (++links > MostLinks)
                {
                    return null;
                }

                real = Path.IsPathRooted(target) ? Path.GetPathRoot(target)! : real;
                foreach (var step in Parts(target))
                {
                    pending.Push(step);
                }
            }
            else
            {
                real = next;
            }
        }

        return real;
    }

    /// <summary>Whether a path is a folder or something in it; both without links.</summary>
    public static bool IsWithin(string? path, string? folder) =>
        path is not null && folder is not null && (path == folder || path.StartsWith(Path.TrimEndingDirectorySeparator(folder) + Path.DirectorySeparatorChar, StringComparison.Ordinal));

    // The last one first, as they go onto the stack.
    private static IEnumerable<string> Parts(string path) =>
        path[(Path.GetPathRoot(path)?.Length ?? 0)..].Split(Path.DirectorySeparatorChar).Where(part => part is not ("" or ".")).Reverse();
}
