using System.ComponentModel;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.RegularExpressions;
using CodeAgent.Worker.Agents.Builtin.Files;

namespace CodeAgent.Worker.Agents.Builtin.Tools;

/// <summary>Searches the text of files.</summary>
internal sealed class SearchTool(WorkspacePaths paths, GitCommand git, Func<WorkspacePath, bool> mayRead)
{
    private const int LongestSearched = 20_000;
    private const int LongestShown = 300;
    private static readonly TimeSpan MatchLimit = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan TimeLimit = TimeSpan.FromMinutes(1);

    [Description("Finds lines that match a regular expression (.NET's; (?i) ignores case) in text files. Answers file:line: text. What .gitignore excludes is left out.")]
    public async Task<string> SearchAsync(
        [Description("The regular expression.")] string pattern,
        [Description("The folder or file to search; the working folder where it is left out.")] string path = ".",
        [Description("Only files that match, such as *.cs or src/**/*.{ts,tsx}.")] string? glob = null,
        [Description("Most matches to show. 1 to 1,000.")] int limit = 100,
        CancellationToken cancellationToken = default)
    {
        if (limit is < 1 or > 1_000)
        {
            throw new ToolException("The argument 'limit' must be from 1 to 1000.");
        }

        var regex = Compile(pattern);
        var start = paths.Resolve(path);
        var candidates = await CandidatesAsync(start, path, glob, cancellationToken);
        var answer = new StringBuilder();
        using var limited = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limited.CancelAfter(TimeLimit);
        var (found, unread) = (0, 0);
        foreach (var candidate in candidates)
        {
            try
            {
                await using var stream = await OpenAsync(candidate, limited.Token);
                await foreach (var (line, at) in MatchesAsync(stream, regex, limited.Token))
                {
                    if (++found > limit)
                    {
                        return Text(answer, $"(there are more than {limit:N0}; search a smaller part, or for more)\n");
                    }

                    answer.Append(CultureInfo.InvariantCulture, $"{candidate.Relative}:{line.Number}: {Cut(line.Text, at)}\n");
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // One file that may not be read, or is gone by now, does not spoil the rest.
                unread++;
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                return Text(answer, $"(given up after {TimeLimit.TotalSeconds:N0} seconds; search a smaller part)\n");
            }
        }

        return Text(answer, $"{(found > 0 ? "" : $"(no match in {candidates.Count - unread} files)\n")}{(unread == 0 ? "" : $"({unread} files could not be read)\n")}");
    }

    private static string Text(StringBuilder answer, FormattableString end) => answer.Append(end.ToString(CultureInfo.InvariantCulture)).ToString();

    private async Task<List<WorkspacePath>> CandidatesAsync(WorkspacePath start, string path, string? glob, CancellationToken cancellationToken)
    {
        // A file that is named is searched, ignored or not.
        if (File.Exists(start.Full))
        {
            return [start];
        }

        if (!Directory.Exists(start.Full))
        {
            throw new ToolException($"There is no folder or file '{path}'.");
        }

        var names = await git.FilesAsync(start, cancellationToken);
        if (!string.IsNullOrEmpty(glob))
        {
            names = Glob.Filter(glob, start.Relative, names);
        }

        // Links are left out: what they point to is searched where it is, or is none of the workspace's.
        // So is what a rule says is not to be read, or not without asking.
        return [.. names.Select(name => new WorkspacePath(Path.Combine(paths.Root.Full, name), name))
            .Where(file => File.Exists(file.Full) && IsItself(file) && mayRead(file))];
    }

    private bool IsItself(WorkspacePath file)
    {
        try
        {
            return paths.Resolve(file.Relative) == file;
        }
        catch (ToolException)
        {
            return false;
        }
    }

    private static async Task<FileStream> OpenAsync(WorkspacePath file, CancellationToken cancellationToken)
    {
        try
        {
            return await WorkspaceFiles.OpenAsync(file, cancellationToken);
        }
        catch (ToolException e)
        {
            throw new IOException(e.Message, e);
        }
    }

    private static async IAsyncEnumerable<(Line Line, int At)> MatchesAsync(FileStream stream, Regex regex, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (await BoundedLines.IsBinaryAsync(stream, cancellationToken))
        {
            yield break;
        }

        await foreach (var line in BoundedLines.ReadAsync(stream, LongestSearched, cancellationToken))
        {
            if (Place(regex, line) is { } at)
            {
                yield return (line, at);
            }
        }
    }

    private static int? Place(Regex regex, Line line)
    {
        try
        {
            return regex.Match(line.Text) is { Success: true } match ? match.Index : null;
        }
        catch (RegexMatchTimeoutException e)
        {
            throw new ToolException("The expression takes too long; make it simpler, without nested repetition.", e);
        }
    }

    // Matching in linear time cannot be slowed down by what a file says. Look-around and back references need the other way.
    private static Regex Compile(string pattern)
    {
        try
        {
            return new(pattern, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant, MatchLimit);
        }
        catch (NotSupportedException)
        {
            return new(pattern, RegexOptions.CultureInvariant, MatchLimit);
        }
        catch (RegexParseException e)
        {
            throw new ToolException($"'pattern' is no regular expression: {e.Message}", e);
        }
    }

    private static string Cut(string line, int at)
    {
        if (line.Length <= LongestShown)
        {
            return line;
        }

        var from = Math.Clamp(at - (LongestShown / 3), 0, line.Length - LongestShown);
        return $"{(from > 0 ? "… " : "")}{line.AsSpan(from, LongestShown)}{(from + LongestShown < line.Length ? " …" : "")}";
    }
}
