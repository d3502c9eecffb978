using System.Globalization;

namespace CodeAgent.Worker.Agents.Builtin.Tools;

/// <summary>Finds what somebody may have meant who looks for text that is not there.</summary>
internal static class ClosestLines
{
    private const int Shown = 3;
    private const double Alike = 0.5;
    private const int LongestCompared = 400;

    /// <summary>Describes the lines of <paramref name="text"/> that come closest to <paramref name="wanted"/>.</summary>
    public static string Describe(string text, string wanted)
    {
        var lines = text.Split('\n');
        var sought = wanted.Split('\n');
        if (SameButForSpace(lines, sought) is { } at)
        {
            return $"These lines differ from it in white space alone:\n{NumberedLines.Show(lines, at, at + sought.Length - 1)}";
        }

        var first = sought.FirstOrDefault(line => !string.IsNullOrWhiteSpace(line));
        if (first is null)
        {
            return "It consists of white space.";
        }

        var pairs = Pairs(first);
        var closest = lines
            .Select((line, index) => (Number: index + 1, Likeness: Likeness(pairs, Pairs(line))))
            .Where(line => line.Likeness >= Alike)
            .OrderByDescending(line => line.Likeness).ThenBy(line => line.Number)
            .Take(Shown).OrderBy(line => line.Number)
            .Select(line => NumberedLines.Show(lines, line.Number, line.Number))
            .ToList();
        return closest.Count == 0
            ? string.Create(CultureInfo.InvariantCulture, $"No line of its {lines.Length:N0} is like it; read the file.")
            : $"The lines closest to its first one are:\n{string.Concat(closest)}";
    }

    private static int? SameButForSpace(string[] lines, string[] sought)
    {
        var bare = lines.Select(Bare).ToArray();
        var wanted = sought.Select(Bare).ToArray();
        if (wanted.All(line => line.Length == 0))
        {
            return null;
        }

        for (var at = 0; at + wanted.Length <= bare.Length; at++)
        {
            if (bare.AsSpan(at, wanted.Length).SequenceEqual(wanted))
            {
                return at + 1;
            }
        }

        return null;
    }

    private static string Bare(string line) => string.Concat(line.Where(character => !char.IsWhiteSpace(character)));

    // Pairs of neighbouring characters: cheap, and good enough to find a line with a typing mistake in it.
    private static HashSet<(char, char)> Pairs(string line)
    {
        var bare = Bare(line.Length <= LongestCompared ? line : line[..LongestCompared]);
        return [.. bare.Zip(bare.Skip(1))];
    }

    private static double Likeness(HashSet<(char, char)> left, HashSet<(char, char)> right) =>
        left.Count + right.Count == 0 ? 0 : 2.0 * left.Count(right.Contains) / (left.Count + right.Count);
}
