using CodeAgent.Benchmarks.Machine;

namespace CodeAgent.Benchmarks.Figures;

/// <summary>A report in Markdown with a part for each command; a command writes its own part anew and leaves the others.</summary>
internal static class ReportFile
{
    private const string Head = """
        # Benchmarks

        Written by `tests/CodeAgent.Benchmarks`; do not edit. Each part is one run on one machine: the ratios carry over to another
        machine better than the figures do.


        """;

    public static async Task WriteAsync(string path, string part, string text, CancellationToken stop)
    {
        var before = File.Exists(path) ? await File.ReadAllTextAsync(path, stop) : Head;
        await File.WriteAllTextAsync(path, Replace(before, part, text), stop);
        await Console.Out.WriteLineAsync($"Written to {Path.GetRelativePath(Places.Root, path)}.");
    }

    /// <summary>The report with another text between the two marks of a part; at its end where it has no such part yet.</summary>
    public static string Replace(string report, string part, string text)
    {
        var (begin, end) = ($"<!-- {part} -->", $"<!-- end of {part} -->");
        var (from, to) = (report.IndexOf(begin, StringComparison.Ordinal), report.IndexOf(end, StringComparison.Ordinal));
        var piece = $"{begin}\n{text.Trim()}\n{end}";
        return from < 0 || to < 0 ? $"{report.TrimEnd()}\n\n{piece}\n" : report[..from] + piece + report[(to + end.Length)..];
    }
}
