using System.ComponentModel;
using System.Globalization;
using System.Text;
using CodeAgent.Worker.Agents.Builtin.Files;

namespace CodeAgent.Worker.Agents.Builtin.Tools;

/// <summary>Shows a file's lines.</summary>
internal sealed class ReadTool(WorkspacePaths paths)
{
    private const int MostLines = 2_000;
    private const int MostCharacters = 100_000;
    private const int LongestLine = 2_000;

    // Beyond this the rest is not counted: it would take longer than it is worth.
    private const long CountedBytes = 50_000_000;

    [Description("Shows lines of a text file, each with its number and a tab before it. At most 2,000 lines or 100,000 characters at once; says how many more there are.")]
    public async Task<string> ReadAsync(
        [Description("The file.")] string path,
        [Description("First line, from 1.")] int from = 1,
        [Description("Last line; as far as fits where it is left out.")] int? to = null,
        CancellationToken cancellationToken = default)
    {
        if (from < 1 || to < from)
        {
            throw new ToolException("'from' must be 1 or more, and 'to' not less than 'from'.");
        }

        var file = paths.Resolve(path);
        await using var stream = await WorkspaceFiles.OpenAsync(file, cancellationToken);
        if (await BoundedLines.IsBinaryAsync(stream, cancellationToken))
        {
            return string.Create(CultureInfo.InvariantCulture, $"{file.Shown} is a binary file of {stream.Length:N0} bytes.");
        }

        var text = new StringBuilder();
        var shown = 0;
        var full = false;
        var last = 0;
        await foreach (var line in BoundedLines.ReadAsync(stream, LongestLine, cancellationToken))
        {
            last = line.Number;
            if (line.Number < from || full || line.Number > to)
            {
                if (line.Number >= from && stream.Length > CountedBytes)
                {
                    return string.Create(CultureInfo.InvariantCulture, $"{text}(there is more; the file has {stream.Length:N0} bytes)\n");
                }

                continue;
            }

            text.Append(Numbered(line));
            shown++;
            full = shown == MostLines || text.Length >= MostCharacters;
        }

        if (shown == 0)
        {
            return last == 0 ? "(the file is empty)" : string.Create(CultureInfo.InvariantCulture, $"(the file has {last:N0} lines; there is no line {from:N0})");
        }

        var rest = last - (from + shown - 1);
        return rest == 0 ? text.ToString() : string.Create(CultureInfo.InvariantCulture, $"{text}({rest:N0} more lines; the file has {last:N0})\n");
    }

    private static string Numbered(Line line) => string.Create(CultureInfo.InvariantCulture,
        $"{line.Number}\t{line.Text}{(line.Left == 0 ? "" : $" … ({line.Left:N0} more characters)")}\n");
}
