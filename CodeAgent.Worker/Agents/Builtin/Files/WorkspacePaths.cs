using CodeAgent.Worker.Agents.Builtin.Tools;

namespace CodeAgent.Worker.Agents.Builtin.Files;

/// <summary>
/// Finds what a path in the workspace stands for, one component at a time, links followed by hand, and refuses whatever
/// leaves the workspace on the way.
/// </summary>
/// <remarks>
/// A program that runs beside can swap a folder for a link between this check and the use of its answer: .NET cannot open a
/// file relative to an open folder. <see cref="WorkspaceFiles"/> therefore asks the system, once a file is open, which file
/// it really is. What is left is a program that the agent itself started and that could do the same by itself.
/// </remarks>
/// <param name="root">The workspace: absolute, without links in it.</param>
internal sealed class WorkspacePaths(string root)
{
    private const int MostLinks = 40;
    private static readonly char[] Separators = ['/', Path.DirectorySeparatorChar];

    private readonly string _root = Path.TrimEndingDirectorySeparator(root);

    /// <summary>The workspace.</summary>
    public WorkspacePath Root => new(_root, "");

    /// <summary>What a path stands for, be it there or not.</summary>
    /// <exception cref="ToolException">It leaves the workspace, or a link on the way leads nowhere.</exception>
    public WorkspacePath Resolve(string path)
    {
        if (path.Contains('\0'))
        {
            throw new ToolException("A path cannot contain the character NUL.");
        }

        if (IsAbsolute(path))
        {
            throw new ToolException($"'{path}' is an absolute path. Paths are relative to the working folder, such as src/main.c.");
        }

        // A link puts its target's components in place of its own, and below them its name, which comes up when they are done.
        var ahead = new Stack<(string Name, bool LinkEnds)>();
        Push(ahead, path);
        var behind = new List<string>();
        var links = 0;
        while (ahead.TryPop(out var next))
        {
            if (next.LinkEnds)
            {
                if (!Path.Exists(Join(behind)))
                {
                    throw new ToolException($"'{path}' leads through the link '{next.Name}', whose target does not exist.");
                }

                continue;
            }

            if (next.Name == "..")
            {
                if (behind.Count == 0)
                {
                    throw Outside(path);
                }

                behind.RemoveAt(behind.Count - 1);
                continue;
            }

            behind.Add(next.Name);
            if (new FileInfo(Join(behind)).LinkTarget is not { } target)
            {
                continue;
            }

            if (++links > MostLinks)
            {
                throw new ToolException($"'{path}' leads through too many links.");
            }

            ahead.Push((string.Join('/', behind), LinkEnds: true));
            behind.RemoveAt(behind.Count - 1);
            if (IsAbsolute(target))
            {
                target = Within(target) ?? throw Outside(path);
                behind.Clear();
            }

            Push(ahead, target);
        }

        return new(Join(behind), string.Join('/', behind));
    }

    /// <summary>What a path stands for, to be written to.</summary>
    /// <exception cref="ToolException">As <see cref="Resolve"/>; or it is git's own.</exception>
    public WorkspacePath ResolveForWriting(string path)
    {
        var resolved = Resolve(path);
        if (resolved.Relative.Split('/').Contains(".git", StringComparer.OrdinalIgnoreCase))
        {
            throw new ToolException($"'{path}' belongs to git and cannot be written.");
        }

        return resolved;
    }

    private string? Within(string absolute) =>
        absolute == _root ? ""
        : absolute.StartsWith(_root + Path.DirectorySeparatorChar, StringComparison.Ordinal) ? absolute[(_root.Length + 1)..]
        : null;

    private string Join(List<string> components) => Path.Combine([_root, .. components]);

    private static void Push(Stack<(string Name, bool LinkEnds)> ahead, string path)
    {
        foreach (var name in path.Split(Separators, StringSplitOptions.RemoveEmptyEntries).Where(name => name != ".").Reverse())
        {
            ahead.Push((name, LinkEnds: false));
        }
    }

    private static bool IsAbsolute(string path) => Path.IsPathRooted(path) || path.StartsWith('/');

    private static ToolException Outside(string path) => new($"'{path}' leads out of the working folder; only what is inside can be used.");
}
