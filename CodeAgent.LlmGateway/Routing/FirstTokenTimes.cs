namespace CodeAgent.LlmGateway.Routing;

/// <summary>The last times to first token of a deployment, to know what is slow for it.</summary>
internal sealed class FirstTokenTimes
{
    private const int Kept = 256;

    // With fewer, a percentile is a guess.
    private const int Enough = 20;

    private readonly Lock _lock = new();
    private readonly double[] _milliseconds = new double[Kept];
    private int _count;

    public void Add(TimeSpan time)
    {
        lock (_lock)
        {
            _milliseconds[_count++ % Kept] = time.TotalMilliseconds;
        }
    }

    /// <summary>The time within which so many percent of the answers begin; null while too few are known.</summary>
    public TimeSpan? Percentile(double percent)
    {
        double[] sorted;
        lock (_lock)
        {
            if (_count < Enough)
            {
                return null;
            }

            sorted = _milliseconds[..Math.Min(_count, Kept)];
        }

        Array.Sort(sorted);
        return TimeSpan.FromMilliseconds(sorted[Math.Min(sorted.Length - 1, (int)Math.Ceiling(percent / 100 * sorted.Length) - 1)]);
    }
}
