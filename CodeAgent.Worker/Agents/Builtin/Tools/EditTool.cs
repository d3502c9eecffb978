using System.ComponentModel;
using System.Globalization;
using System.Text;
using CodeAgent.Contracts;
using CodeAgent.Worker.Agents.Builtin.Files;

namespace CodeAgent.Worker.Agents.Builtin.Tools;

/// <summary>Replaces text in a file.</summary>
internal sealed class EditTool(WorkspacePaths paths, IAgentSession session)
{
    private const int ShownPlaces = 5;
    private const int Around = 2;

    [Description("Replaces text in a file: exactly 'old', which must be there once, by 'new'. The file's line ends and encoding stay as they are.")]
    public async Task<string> EditAsync(
        [Description("The file.")] string path,
        [Description("The text to replace, exactly as it is in the file, without line numbers; enough of it to be unique.")] string old,
        [Description("The text to put there.")] string @new,
        [Description("Replaces every place where 'old' is, rather than the only one.")] bool all = false,
        CancellationToken cancellationToken = default)
    {
        if (old.Length == 0)
        {
            throw new ToolException("'old' is empty. Use write to make a file.");
        }

        var path2 = paths.ResolveForWriting(path);
        var file = await TextFile.ReadAsync(path2, cancellationToken);
        var (from, to) = Fit(file, old, @new);
        if (from == to)
        {
            throw new ToolException("'old' and 'new' are the same; nothing would change.");
        }

        var places = Places(file.Text, from);
        if (places.Count == 0)
        {
            throw new ToolException($"'old' is not in {path2.Shown}. {ClosestLines.Describe(file.Text, old)}");
        }

        if (places.Count > 1 && !all)
        {
            throw new ToolException(string.Create(CultureInfo.InvariantCulture,
                $"'old' is in {path2.Shown} {places.Count:N0} times, in lines {Lines(file.Text, places)}. Give more of the lines around it, or set 'all' to replace every one."));
        }

        var text = file.Text.Replace(from, to, StringComparison.Ordinal);
        await WorkspaceFiles.WriteAsync(path2, file.Encode(text), cancellationToken);
        await session.ReportAsync(EventTypes.FileChanged, new FileChange(path2.Relative, FileChange.Modified), cancellationToken);
        return Show(path2.Shown, text, places, to.Length, to.Length - from.Length);
    }

    // Models write line feeds whatever the file has. What fits as it stands is taken as it stands.
    private static (string From, string To) Fit(TextFile file, string old, string @new)
    {
        if (file.LineEnd != "\r\n" || old.Contains('\r') || @new.Contains('\r') || (old.Contains('\n') && file.Text.Contains(old, StringComparison.Ordinal)))
        {
            return (old, @new);
        }

        return (old.ReplaceLineEndings("\r\n"), @new.ReplaceLineEndings("\r\n"));
    }

    private static List<int> Places(string text, string old)
    {
        var places = new List<int>();
        for (var at = text.IndexOf(old, StringComparison.Ordinal); at >= 0; at = text.IndexOf(old, at + old.Length, StringComparison.Ordinal))
        {
            places.Add(at);
        }

        return places;
    }

    private static string Lines(string text, List<int> places)
    {
        var shown = places.Take(20).Select(place => LineOf(text, place).ToString(CultureInfo.InvariantCulture));
        return string.Join(", ", shown) + (places.Count > 20 ? ", …" : "");
    }

    private static int LineOf(string text, int place) => text.AsSpan(0, place).Count('\n') + 1;

    private static string Show(string path, string text, List<int> places, int length, int longer)
    {
        var answer = new StringBuilder();
        answer.Append(CultureInfo.InvariantCulture, $"{path}: {(places.Count == 1 ? "replaced" : $"replaced in {places.Count:N0} places")}.\n");
        var lines = text.Split('\n');
        for (var i = 0; i < Math.Min(places.Count, ShownPlaces); i++)
        {
            // Every place before this one has moved the text by the difference in length.
            var begin = places[i] + (i * longer);
            var first = Math.Max(1, LineOf(text, begin) - Around);
            var last = Math.Min(lines.Length, LineOf(text, begin + length) + Around);
            answer.Append(NumberedLines.Show(lines, first, last));
            answer.Append(i + 1 < Math.Min(places.Count, ShownPlaces) ? "…\n" : "");
        }

        return answer.Append(places.Count > ShownPlaces ? $"(the first {ShownPlaces} are shown)\n" : "").ToString();
    }
}
