using System.Text;

namespace CodeAgent.Benchmarks.Figures;

/// <summary>A table in Markdown that is also readable as it is.</summary>
/// <param name="head">The first line; the first column is text, the others are figures.</param>
internal sealed class Table(params IReadOnlyList<string> head)
{
    private readonly List<IReadOnlyList<string>> _lines = [head];

    public void Add(params IReadOnlyList<string> line) => _lines.Add(line);

    public override string ToString()
    {
        int[] widths = [.. head.Select((_, column) => _lines.Max(line => line[column].Length))];
        var text = new StringBuilder();
        Write(text, head, widths);
        text.Append('|').AppendJoin('|', widths.Select((width, column) => new string('-', width + 1) + (column == 0 ? '-' : ':'))).AppendLine("|");
        foreach (var line in _lines.Skip(1))
        {
            Write(text, line, widths);
        }

        return text.ToString();
    }

    private static void Write(StringBuilder text, IReadOnlyList<string> line, int[] widths) =>
        text.Append("| ").AppendJoin(" | ", line.Select((cell, column) => column == 0 ? cell.PadRight(widths[column]) : cell.PadLeft(widths[column]))).AppendLine(" |");
}
