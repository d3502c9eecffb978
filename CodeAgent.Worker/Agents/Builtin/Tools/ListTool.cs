using System.ComponentModel;
using System.Globalization;
using System.Text;
using CodeAgent.Worker.Agents.Builtin.Files;

namespace CodeAgent.Worker.Agents.Builtin.Tools;

/// <summary>Shows what is in a folder.</summary>
internal sealed class ListTool(WorkspacePaths paths, GitCommand git)
{
    private const int MostEntries = 500;

    [Description("Lists a folder: folders first, then files with their sizes in bytes. What .gitignore excludes is left out.")]
    public async Task<string> ListAsync(
        [Description("The folder; the working folder where it is left out.")] string path = ".",
        [Description("How many levels deep. 1 to 10.")] int depth = 1,
        CancellationToken cancellationToken = default)
    {
        if (depth is < 1 or > 10)
        {
            throw new ToolException("The argument 'depth' must be from 1 to 10.");
        }

        var folder = paths.Resolve(path);
        if (!Directory.Exists(folder.Full))
        {
            throw new ToolException(File.Exists(folder.Full) ? $"'{path}' is a file; read shows it." : $"There is no folder '{path}'.");
        }

        var prefix = folder.Relative.Length == 0 ? "" : folder.Relative + "/";
        var tree = new Node();
        foreach (var file in await git.FilesAsync(folder, cancellationToken))
        {
            // Git still knows a tracked file that was deleted.
            if (new FileInfo(Path.Combine(paths.Root.Full, file)) is { } info && (info.Exists || info.LinkTarget is not null || Directory.Exists(info.FullName)))
            {
                tree.Add(file[prefix.Length..].TrimEnd('/').Split('/'), info);
            }
        }

        var text = new StringBuilder();
        var left = MostEntries;
        Write(text, tree, prefix, depth, ref left);
        return left < 0
            ? string.Create(CultureInfo.InvariantCulture, $"{text}({-left:N0} more; list a folder further in, or use a smaller depth)\n")
            : text.Length == 0 ? "(empty)" : text.ToString();
    }

    private static void Write(StringBuilder text, Node node, string prefix, int depth, ref int left)
    {
        foreach (var (name, folder) in node.Folders)
        {
            if (--left >= 0)
            {
                text.Append(CultureInfo.InvariantCulture, $"{prefix}{name}/{(depth == 1 ? $"  ({folder.Count:N0} files)" : "")}\n");
            }

            if (depth > 1)
            {
                Write(text, folder, $"{prefix}{name}/", depth - 1, ref left);
            }
        }

        foreach (var (name, file) in node.Files)
        {
            if (--left >= 0)
            {
                text.Append(CultureInfo.InvariantCulture, $"{prefix}{name}  {(file.LinkTarget is { } target ? $"-> {target}" : file.Exists ? $"{file.Length:N0}" : "(a repository of its own)")}\n");
            }
        }
    }

    private sealed class Node
    {
        public SortedDictionary<string, Node> Folders { get; } = new(StringComparer.Ordinal);

        public SortedDictionary<string, FileInfo> Files { get; } = new(StringComparer.Ordinal);

        public int Count { get; private set; }

        public void Add(ReadOnlySpan<string> components, FileInfo file)
        {
            Count++;
            if (components.Length == 1)
            {
                Files[components[0]] = file;
                return;
            }

            if (!Folders.TryGetValue(components[0], out var folder))
            {
                Folders.Add(components[0], folder = new());
            }

            folder.Add(components[1..], file);
        }
    }
}
