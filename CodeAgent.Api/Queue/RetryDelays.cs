namespace CodeAgent.Api.Queue;

/// <summary>How long a task whose worker was lost waits for its next attempt: twice as long each time.</summary>
/// <param name="First">At most so long before the second attempt. Not at all where it is zero.</param>
/// <param name="Longest">At most so long before any.</param>
internal sealed record RetryDelays(TimeSpan First, TimeSpan Longest)
{
    /// <summary>
    /// Half of the delay is fixed and half by chance ("equal jitter", AWS Architecture Blog, Exponential Backoff And Jitter), so that
    /// tasks that were lost together do not come back together. Chance is the task's id and lease: the same question has the same answer.
    /// </summary>
    /// <param name="task">The task.</param>
    /// <param name="fence">The lease that ended.</param>
    /// <param name="attempt">The attempt that ended, from 1.</param>
    public TimeSpan After(Guid task, long fence, int attempt)
    {
        var whole = Math.Min(Longest.TotalMilliseconds, First.TotalMilliseconds * Math.Pow(2, attempt - 1));
        return TimeSpan.FromMilliseconds(whole * (0.5 + (0.5 * Chance(task, fence))));
    }

    // Not System.HashCode, which begins elsewhere in each process. The factor is Knuth's for multiplicative hashing.
    private static double Chance(Guid task, long fence) => unchecked((uint)((uint)(task.GetHashCode() ^ fence) * 2_654_435_761)) / (double)uint.MaxValue;
}
