using System.Globalization;

namespace CodeAgent.Benchmarks.Load;

/// <summary>What wrk found, from the line that the script in <c>Wrk</c> has it print.</summary>
/// <param name="Seconds">How long it ran.</param>
/// <param name="Requests">Answers that came.</param>
/// <param name="Errors">Answers other than 2xx and 3xx, connections that failed or broke, and requests that timed out.</param>
/// <param name="P50">Half of the answers came within this many milliseconds.</param>
/// <param name="P99">All but a hundredth did.</param>
internal sealed record WrkResult(double Seconds, long Requests, long Errors, double P50, double P99)
{
    /// <summary>Stands before the figures; microseconds and counts follow: duration, requests, errors, p50, p99.</summary>
    public const string Mark = "figures:";

    public double PerSecond => Requests / Seconds;

    /// <exception cref="FormatException">There is no such line.</exception>
    public static WrkResult Parse(string output)
    {
        var line = output.Split('\n').FirstOrDefault(line => line.StartsWith(Mark, StringComparison.Ordinal))
            ?? throw new FormatException($"wrk printed no figures: {output}");
        double[] figures = [.. line[Mark.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Select(figure => double.Parse(figure, CultureInfo.InvariantCulture))];
        return figures.Length == 5
            ? new(figures[0] / 1e6, (long)figures[1], (long)figures[2], figures[3] / 1e3, figures[4] / 1e3)
            : throw new FormatException($"wrk printed {figures.Length} figures, not 5: {line}");
    }
}
