namespace CodeAgent.LlmGateway.Routing;

/// <summary>
/// What asking a deployment costs just now: a moving average of its time to first token, times the requests under way. The
/// average jumps up at once and comes down slowly, so that a deployment that became slow is left alone at the first sign, and
/// one that was not asked for a while is tried again.
/// </summary>
/// <remarks>
/// The measure is Finagle's "Peak EWMA" (https://twitter.github.io/finagle/guide/Clients.html#load-balancing), described with
/// measurements in https://linkerd.io/2016/03/16/beyond-round-robin-load-balancing-for-latency/. It is compared for two
/// deployments at a time: M. Mitzenmacher, The Power of Two Choices in Randomized Load Balancing, IEEE TPDS 12(10), 2001.
/// </remarks>
internal sealed class PeakEwma(TimeProvider time)
{
    private static readonly TimeSpan Decay = TimeSpan.FromSeconds(10);

    // One that is being asked, and never answered yet, counts as slow: a burst must not all go to the newcomer.
    private const double Unknown = 60_000;

    private readonly Lock _lock = new();
    private double _milliseconds;
    private long _stamp = time.GetTimestamp();
    private int _outstanding;

    public void Begin() => Interlocked.Increment(ref _outstanding);

    public void End() => Interlocked.Decrement(ref _outstanding);

    public void Observe(TimeSpan toFirstToken)
    {
        lock (_lock)
        {
            var (now, weight) = (time.GetTimestamp(), Remaining());
            var measured = toFirstToken.TotalMilliseconds;
            _milliseconds = measured > _milliseconds ? measured : (_milliseconds * weight) + (measured * (1 - weight));
            _stamp = now;
        }
    }

    /// <summary>Smaller is better.</summary>
    public double Load()
    {
        lock (_lock)
        {
            var outstanding = Volatile.Read(ref _outstanding);
            var cost = _milliseconds * Remaining();
            return cost == 0 && outstanding > 0 ? Unknown + outstanding : cost * (outstanding + 1);
        }
    }

    private double Remaining() => Math.Exp(-(time.GetElapsedTime(_stamp) / Decay));
}
