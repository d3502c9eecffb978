using System.Globalization;

namespace CodeAgent.Benchmarks.Contenders;

/// <summary>The two numbers that a role tells at <c>/stats</c>.</summary>
internal static class Counts
{
    public static (long First, long Second) Parse(string text) => text.Split(' ') is [var first, var second]
        ? (long.Parse(first, CultureInfo.InvariantCulture), long.Parse(second, CultureInfo.InvariantCulture))
        : throw new FormatException($"Two numbers were expected: {text}");
}
