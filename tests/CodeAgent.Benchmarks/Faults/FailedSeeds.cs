namespace CodeAgent.Benchmarks.Faults;

/// <summary>Seeds that ever showed a violation. Each run goes through them first.</summary>
internal static class FailedSeeds
{
    public static IReadOnlyList<int> All { get; } = [];
}
