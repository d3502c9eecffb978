namespace CodeAgent.Benchmarks.Faults;

/// <summary>
/// Seeds that ever showed a violation; each run of many goes through them first. A change of <see cref="FaultPlan"/> makes other plans of
/// them, so what they found has a test of its own as well. 2 and 73: the answer of a caller that had left was kept empty (IdempotencyFilterTests).
/// </summary>
internal static class FailedSeeds
{
    public static IReadOnlyList<int> All { get; } = [2, 73];
}
