using System.IO.Enumeration;
using Microsoft.Extensions.FileSystemGlobbing;

namespace CodeAgent.Worker.Reports;

/// <summary>A file that a pattern names.</summary>
/// <param name="Path">Its path in the workspace, with slashes.</param>
/// <param name="Full">Its absolute path.</param>
/// <param name="Length">Its length in bytes.</param>
/// <param name="WrittenAt">When it was last written.</param>
internal sealed record ResultFile(string Path, string Full, long Length, DateTimeOffset WrittenAt);

/// <summary>Finds the files in a workspace that patterns name. Links are passed over: what they lead to may be anywhere.</summary>
internal static class ResultFinder
{
    /// <summary>The files, in order of their paths; none where there is no workspace.</summary>
    /// <exception cref="IOException">The workspace cannot be read.</exception>
    public static Task<IReadOnlyList<ResultFile>> FindAsync(string workspace, IReadOnlyList<string> patterns, CancellationToken cancellationToken) =>
        patterns.Count == 0 ? Task.FromResult<IReadOnlyList<ResultFile>>([]) : Task.Run(() => Find(workspace, patterns, cancellationToken), cancellationToken);

    private static IReadOnlyList<ResultFile> Find(string workspace, IReadOnlyList<string> patterns, CancellationToken cancellationToken)
    {
        if (!Directory.Exists(workspace))
        {
            return [];
        }

        var matcher = new Matcher(StringComparison.Ordinal);
        matcher.AddIncludePatterns(patterns);
        var files = new FileSystemEnumerable<ResultFile>(workspace, (ref FileSystemEntry entry) =>
        {
            cancellationToken.ThrowIfCancellationRequested();
            var full = entry.ToFullPath();
            return new(Path.GetRelativePath(workspace, full).Replace(Path.DirectorySeparatorChar, '/'), full, entry.Length, entry.LastWriteTimeUtc);
        }, new() { RecurseSubdirectories = true, IgnoreInaccessible = true, AttributesToSkip = FileAttributes.ReparsePoint })
        {
            ShouldIncludePredicate = (ref FileSystemEntry entry) => !entry.IsDirectory,
            ShouldRecursePredicate = (ref FileSystemEntry entry) => !entry.FileName.Equals(".git", StringComparison.Ordinal),
        };
        return [.. files.Where(file => matcher.Match(file.Path).HasMatches).OrderBy(file => file.Path, StringComparer.Ordinal)];
    }
}
