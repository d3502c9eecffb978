namespace CodeAgent.Benchmarks.Figures;

/// <summary>What the report makes of many values.</summary>
internal static class Statistics
{
    /// <summary>The value that at least this share of the values does not exceed (nearest rank).</summary>
    /// <param name="sorted">The values, in ascending order.</param>
    /// <param name="percent">Over 0, up to 100.</param>
    public static double Percentile(IReadOnlyList<double> sorted, double percent) => sorted.Count == 0 ? double.NaN
        : sorted[Math.Clamp((int)Math.Ceiling(sorted.Count * percent / 100) - 1, 0, sorted.Count - 1)];

    /// <summary>The middle value, or the mean of the middle two; not a number where there is none.</summary>
    public static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Where(value => !double.IsNaN(value)).Order()];
        return sorted.Length == 0 ? double.NaN
            : (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }

    /// <summary>
    /// How steeply y grows with x: the median of the slopes between all pairs (Theil and Sen), which a few outliers do not
    /// bend as they bend a least-squares line.
    /// </summary>
    public static double Slope(IReadOnlyList<(double X, double Y)> points) => Median(
        from i in Enumerable.Range(0, points.Count)
        from j in Enumerable.Range(i + 1, points.Count - i - 1)
        where points[j].X != points[i].X
        select (points[j].Y - points[i].Y) / (points[j].X - points[i].X));
}
