using System.Globalization;
using System.Text;
using CodeAgent.Worker.Agents.Builtin.Files;
using CodeAgent.Worker.Agents.Builtin.Tools;

namespace CodeAgent.Worker.Agents.Builtin.Conversations;

/// <summary>
/// What a repository tells agents: <c>AGENTS.md</c>, <c>CLAUDE.md</c> and <c>.cursorrules</c> at its root. Read once, before
/// anything is changed, and part of the conversation from then on.
/// </summary>
internal static class RepositoryInstructions
{
    /// <summary>Characters that are taken of all of them together, at most.</summary>
    public const int MostCharacters = 32_000;

    private const int MostNested = 20;
    private const string Agents = "AGENTS.md";

    // The first of two with the same content is the one that is named.
    private static readonly string[] Names = [Agents, "CLAUDE.md", ".cursorrules"];

    /// <summary>Reads them.</summary>
    /// <param name="workspace">The workspace, at the base commit.</param>
    /// <param name="most">Characters that there is room for.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <returns>None where the repository has none.</returns>
    public static async Task<string?> ReadAsync(string workspace, int most, CancellationToken cancellationToken)
    {
        var paths = new WorkspacePaths(workspace);
        var text = new StringBuilder();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var name in Names)
        {
            if (await FileAsync(paths, name, cancellationToken) is { } content && seen.Add(content) && !IsReference(content, seen))
            {
                var left = Math.Min(most, MostCharacters) - text.Length;
                text.Append(CultureInfo.InvariantCulture, $"\n\n<file name=\"{name}\">\n{Cut(content, left, name)}\n</file>");
            }
        }

        var nested = await NestedAsync(workspace, paths, cancellationToken);
        if (nested.Count > 0)
        {
            text.Append(CultureInfo.InvariantCulture, $"\n\nThere are more of them, each for the folder that it is in. Read the one of a folder before you change files there:");
            foreach (var path in nested.Take(MostNested))
            {
                text.Append(CultureInfo.InvariantCulture, $"\n- {path}");
            }

            if (nested.Count > MostNested)
            {
                text.Append(CultureInfo.InvariantCulture, $"\n- and {nested.Count - MostNested:N0} more");
            }
        }

        return text.Length == 0 ? null : text.ToString().TrimStart('\n');
    }

    // Whatever is no readable text file inside the workspace is none of the repository's instructions.
    private static async Task<string?> FileAsync(WorkspacePaths paths, string name, CancellationToken cancellationToken)
    {
        try
        {
            var path = paths.Resolve(name);
            if (!File.Exists(path.Full))
            {
                return null;
            }

            await using var stream = await WorkspaceFiles.OpenAsync(path, cancellationToken);
            if (await BoundedLines.IsBinaryAsync(stream, cancellationToken))
            {
                return null;
            }

            // One more than is shown, so that it is known whether there is more; the rest of a huge file is never read.
            using var reader = new StreamReader(stream, Encoding.UTF8);
            var characters = new char[MostCharacters + 1];
            var count = await reader.ReadBlockAsync(characters, cancellationToken);
            return new string(characters, 0, count).ReplaceLineEndings("\n").Trim() is { Length: > 0 } content ? content : null;
        }
        catch (Exception e) when (e is ToolException or IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    // "@AGENTS.md" is how a CLAUDE.md says that it is the same.
    private static bool IsReference(string content, HashSet<string> seen) => seen.Count > 1 && content == "@" + Agents;

    private static string Cut(string content, int left, string name)
    {
        if (content.Length <= left)
        {
            return content;
        }

        var end = Math.Max(0, left - (left > 0 && char.IsHighSurrogate(content[left - 1]) ? 1 : 0));
        return $"{content[..end]}\n[The file goes on; read {name} for the rest.]";
    }

    private static async Task<IReadOnlyList<string>> NestedAsync(string workspace, WorkspacePaths paths, CancellationToken cancellationToken)
    {
        try
        {
            var files = await new GitCommand(workspace).FilesAsync(paths.Root, cancellationToken);
            return [.. files.Where(file => file.EndsWith('/' + Agents, StringComparison.Ordinal))];
        }
        catch (ToolException)
        {
            return [];
        }
    }
}
