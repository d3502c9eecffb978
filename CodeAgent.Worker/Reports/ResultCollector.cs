using System.Xml;
using CodeAgent.Contracts;
using CodeAgent.Worker.Agents.Builtin.Files;
using CodeAgent.Worker.Agents.Builtin.Tools;
using CodeAgent.Worker.Api;

namespace CodeAgent.Worker.Reports;

/// <summary>What was collected.</summary>
/// <param name="Tests">What the test reports say; none where the request names no reports.</param>
/// <param name="Files">The artifacts' names.</param>
/// <param name="Left">What was left out, and why.</param>
internal sealed record CollectedResults(TestSummary? Tests, IReadOnlyList<string> Files, IReadOnlyList<string> Left);

/// <summary>Reads the test reports that a request names, and keeps them and its other result files as artifacts.</summary>
/// <param name="workspace">The workspace.</param>
/// <param name="since">When the workspace was made: what was in it then is no report of this task.</param>
/// <param name="upload">Stores a file as an artifact: its name, its media type, and where it is.</param>
internal sealed class ResultCollector(string workspace, DateTimeOffset since, Func<string, string, string, CancellationToken, Task> upload)
{
    private const int MostReports = 200;
    private const int MostFiles = 50;
    private const int MostTold = 20;
    private const long LargestFile = 100 * 1024 * 1024;
    private const long LargestSum = 500 * 1024 * 1024;
    private readonly List<string> _left = [];
    private readonly ArtifactNames _names = new();
    private long _sum;

    /// <summary>Collects them.</summary>
    public async Task<CollectedResults> CollectAsync(ResultsRequest request, CancellationToken cancellationToken)
    {
        var reports = (await ResultFinder.FindAsync(workspace, request.Tests, cancellationToken)).Where(file => file.WrittenAt >= since).ToList();
        var tests = request.Tests.Count == 0 ? null : await ReadAsync(reports, cancellationToken);
        foreach (var report in reports.Take(MostFiles))
        {
            await StoreAsync(report, "tests", cancellationToken);
        }

        var known = reports.Select(report => report.Path).ToHashSet(StringComparer.Ordinal);
        foreach (var file in (await ResultFinder.FindAsync(workspace, request.Files, cancellationToken)).Where(file => !known.Contains(file.Path)))
        {
            await StoreAsync(file, "file", cancellationToken);
        }

        return new(tests, _names.Given, [.. _left.Take(MostTold)]);
    }

    private async Task<TestSummary> ReadAsync(List<ResultFile> reports, CancellationToken cancellationToken)
    {
        var tally = new TestTally();
        foreach (var report in reports.Take(MostReports))
        {
            try
            {
                if (report.Length > TestReportReader.Longest)
                {
                    tally.AddUnread(report.Path, "longer than 64 MiB");
                    continue;
                }

                await using var stream = await WorkspaceFiles.OpenAsync(new WorkspacePaths(workspace).Resolve(report.Path), cancellationToken);
                await TestReportReader.ReadAsync(stream, tally, cancellationToken);
                tally.AddReport();
            }
            catch (Exception e) when (e is XmlException or ToolException or IOException or UnauthorizedAccessException)
            {
                tally.AddUnread(report.Path, e.Message);
            }
        }

        if (reports.Count > MostReports)
        {
            tally.AddUnread($"{reports.Count - MostReports} more", $"at most {MostReports} reports are read");
        }

        return tally.Summary;
    }

    private async Task StoreAsync(ResultFile file, string kind, CancellationToken cancellationToken)
    {
        // What has no length is empty, or a pipe or a device, which nobody can read to the end.
        var reason = file.Length == 0 ? "it is empty"
            : _names.Given.Count >= MostFiles ? $"at most {MostFiles} files are kept"
            : file.Length > LargestFile ? "it is longer than 100 MiB"
            : _sum + file.Length > LargestSum ? "together they are longer than 500 MiB"
            : null;
        if (reason is null)
        {
            try
            {
                var real = new WorkspacePaths(workspace).Resolve(file.Path);
                await upload(_names.For(kind, file.Path), TypeOf(file.Path), real.Full, cancellationToken);
                _names.Take();
                _sum += file.Length;
                return;
            }
            catch (Exception e) when (e is ApiRefusedException or ToolException or IOException or UnauthorizedAccessException)
            {
                reason = e.Message;
            }
        }

        _left.Add($"{file.Path}: {reason}");
    }

    // Shown by a browser as text, if at all: nobody reviewed what is in it.
    private static string TypeOf(string path) => Path.GetExtension(path).ToLowerInvariant() switch
    {
        ".xml" or ".trx" or ".txt" or ".log" or ".md" or ".csv" => "text/plain; charset=utf-8",
        ".json" or ".sarif" => "application/json",
        _ => "application/octet-stream",
    };
}
