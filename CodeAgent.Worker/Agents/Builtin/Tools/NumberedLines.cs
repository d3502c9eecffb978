using System.Globalization;
using System.Text;

namespace CodeAgent.Worker.Agents.Builtin.Tools;

/// <summary>Shows some lines of a text as read does.</summary>
internal static class NumberedLines
{
    private const int MostLines = 60;
    private const int LongestLine = 300;

    /// <summary>Lines <paramref name="first"/> to <paramref name="last"/>, from 1; the middle is left out where they are many.</summary>
    public static string Show(string[] lines, int first, int last)
    {
        var text = new StringBuilder();
        for (var number = first; number <= last; number++)
        {
            if (last - first >= MostLines && number == first + (MostLines / 2))
            {
                var skipped = last - first + 1 - MostLines;
                text.Append(CultureInfo.InvariantCulture, $"… ({skipped + 1:N0} lines)\n");
                number += skipped;
                continue;
            }

            var line = lines[number - 1].TrimEnd('\r');
            text.Append(CultureInfo.InvariantCulture, $"{number}\t{(line.Length <= LongestLine ? line : line[..LongestLine] + " …")}\n");
        }

        return text.ToString();
    }
}
