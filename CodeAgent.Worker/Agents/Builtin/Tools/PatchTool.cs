using System.ComponentModel;
using System.Text.RegularExpressions;
using CodeAgent.Contracts;
using CodeAgent.Worker.Agents.Builtin.Files;

namespace CodeAgent.Worker.Agents.Builtin.Tools;

/// <summary>Applies a unified diff.</summary>
internal sealed partial class PatchTool(WorkspacePaths paths, GitCommand git, IAgentSession session)
{
    // The working tree, not the index; and a patch whose hunks count their lines wrongly, as models do, is read by its lines.
    private static readonly string[][] Readings = [[], ["--recount"]];

    [Description("Applies a unified diff in git's format, with paths such as a/src/main.c and b/src/main.c. All of it or nothing.")]
    public async Task<string> PatchAsync(
        [Description("The diff.")] string patch,
        CancellationToken cancellationToken = default)
    {
        var input = patch.EndsWith('\n') ? patch : patch + "\n";
        string? reason = null;
        foreach (var reading in Readings)
        {
            var check = await git.ApplyAsync(["--check", .. reading], input, cancellationToken);
            if (check.Succeeded)
            {
                return await ApplyAsync(reading, input, cancellationToken);
            }

            reason ??= check.Errors;
        }

        throw new ToolException($"The patch does not apply; nothing was changed. Git says:\n{reason}");
    }

    private async Task<string> ApplyAsync(string[] reading, string input, CancellationToken cancellationToken)
    {
        var counted = await git.ApplyAsync(["--numstat", "-z", .. reading], input, cancellationToken);
        var names = counted.Output.Split('\0', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split('\t', 3)[^1]).Distinct().ToList();
        var resolved = names.Select(paths.ResolveForWriting).ToList();
        var before = resolved.Select(IsThere).ToList();

        var applied = await git.ApplyAsync(reading, input, cancellationToken);
        if (!applied.Succeeded)
        {
            throw new ToolException($"The patch does not apply; nothing was changed. Git says:\n{applied.Errors}");
        }

        var renamed = RenameTo().Matches(input).Select(match => match.Groups[1].Value).ToHashSet(StringComparer.Ordinal);
        var changes = resolved.Select((path, i) => new FileChange(path.Relative,
            renamed.Contains(path.Relative) ? FileChange.Renamed
            : !before[i] ? FileChange.Added
            : !IsThere(path) ? FileChange.Deleted
            : FileChange.Modified)).ToList();
        foreach (var change in changes)
        {
            await session.ReportAsync(EventTypes.FileChanged, change, cancellationToken);
        }

        return string.Concat(changes.Select(change => $"{change.Kind} {change.Path}\n"));
    }

    private static bool IsThere(WorkspacePath path) => File.Exists(path.Full) || new FileInfo(path.Full).LinkTarget is not null;

    [GeneratedRegex("^rename to (.+?)\r?$", RegexOptions.Multiline)]
    private static partial Regex RenameTo();
}
