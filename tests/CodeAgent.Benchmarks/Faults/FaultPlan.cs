using System.Globalization;

namespace CodeAgent.Benchmarks.Faults;

/// <summary>A fault of a server.</summary>
/// <param name="Kind">What happens.</param>
/// <param name="Step">When a task comes to this step.</param>
/// <param name="Time">For the how manieth time, from 1.</param>
/// <param name="Delay">So long after that.</param>
/// <param name="Instance">The Api that it hits, where it hits one: 0 or 1.</param>
/// <param name="Length">How long it lasts, where it lasts.</param>
/// <param name="Jump">Seconds that the clock jumps, where it does.</param>
internal sealed record ServerFault(FaultKind Kind, LifeStep Step, int Time, TimeSpan Delay, int Instance, TimeSpan Length, int Jump)
{
    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"{Kind} at {Step} {Time} +{Delay.TotalMilliseconds:0}ms, api-{Instance + 1}, for {Length.TotalSeconds:0.00}s, jump {Jump}s");
}

/// <summary>What happens under one lease.</summary>
/// <param name="Script">What the worker does.</param>
/// <param name="Step">Before this step of its work, where it is one that breaks off.</param>
/// <param name="Pace">Between two steps.</param>
/// <param name="Silence">How long it is silent, where it pauses.</param>
internal sealed record LeasePlan(LeaseScript Script, int Step, TimeSpan Pace, TimeSpan Silence)
{
    /// <summary>A lease without a fault.</summary>
    public static LeasePlan Plain { get; } = new(LeaseScript.Works, 0, TimeSpan.FromMilliseconds(5), default);

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Script}@{Step}/{Pace.TotalMilliseconds:0}ms");
}

/// <summary>A task and who waits for it.</summary>
/// <param name="At">When it is submitted.</param>
/// <param name="Twice">Whether it is submitted twice at the same time, at both instances, under one key.</param>
/// <param name="CancelAfter">When it is canceled after that; null where it is not.</param>
/// <param name="WatchEach">Its watcher leaves and comes back after each so many events; 0 for never.</param>
internal sealed record TaskPlan(TimeSpan At, bool Twice, TimeSpan? CancelAfter, int WatchEach)
{
    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"{At.TotalSeconds:0.00}s{(Twice ? " twice" : "")}{(CancelAfter is { } cancel ? $" cancel +{cancel.TotalSeconds:0.00}s" : "")}{(WatchEach > 0 ? $" watch/{WatchEach}" : "")}");
}

/// <summary>All that a seed decides. What meets what is up to the machine.</summary>
internal sealed record FaultPlan(int Seed, IReadOnlyList<TaskPlan> Tasks, IReadOnlyList<IReadOnlyList<LeasePlan>> Workers, IReadOnlyList<ServerFault> Faults)
{
    /// <summary>A clock jumps forwards by at most so many seconds: a lease that is renewed meanwhile holds for so much longer.</summary>
    public const int LongestJump = 5;

    // A jump can be told from the time before it, which answers give in whole seconds.
    private const int ShortestJump = 3;
    private static readonly FaultKind[] Kinds = Enum.GetValues<FaultKind>();
    private static readonly LifeStep[] Steps = Enum.GetValues<LifeStep>();
    private static readonly LeaseScript[] Scripts = [LeaseScript.Works, LeaseScript.Works, .. Enum.GetValues<LeaseScript>()];

    /// <summary>The plan of a seed. The first fault goes through all kinds at all steps, seed by seed; chance decides the rest.</summary>
    public static FaultPlan Of(int seed)
    {
        var random = new Random(seed);

        // 13 kinds and 7 steps have no divisor in common, so that 91 seeds in a row have each of them once.
        var (kind, step) = (Kinds[(uint)seed % Kinds.Length], Steps[(uint)seed % Steps.Length]);
        return new(
            seed,
            [.. Many(4, 8).Select(_ => new TaskPlan(Seconds(0.4), random.Next(4) == 0, random.Next(4) == 0 ? Seconds(0.4) : null, random.Next(3) == 0 ? random.Next(1, 5) : 0))],
            [.. Many(2, 4).Select(_ => (IReadOnlyList<LeasePlan>)[.. Many(3, 4).Select(_ => Lease())])],
            [Fault(kind, step), .. Many(0, 3).Select(_ => Fault(Kinds[random.Next(Kinds.Length)], Steps[random.Next(Steps.Length)]))]);

        IEnumerable<int> Many(int least, int below) => Enumerable.Range(0, random.Next(least, below));

        TimeSpan Seconds(double most, double least = 0) => TimeSpan.FromSeconds(least + ((most - least) * random.NextDouble()));

        LeasePlan Lease() => new(Scripts[random.Next(Scripts.Length)], random.Next(8), Seconds(0.03), Seconds(1.8, 0.8));

        // Long ones are rare: 0.2 to 2.5 s, most under 0.6 s.
        ServerFault Fault(FaultKind kind, LifeStep step) => new(kind, step, random.Next(1, 4), random.Next(2) == 0 ? TimeSpan.Zero : Seconds(0.01), random.Next(2),
            TimeSpan.FromSeconds(0.2 + (2.3 * Math.Pow(random.NextDouble(), 4))), random.Next(2) == 0 ? random.Next(ShortestJump, LongestJump + 1) : -random.Next(ShortestJump, 31));
    }

    public override string ToString() => $"""
          tasks:   {string.Join("; ", Tasks)}
          workers: {string.Join("; ", Workers.Select(leases => string.Join(' ', leases)))}
          faults:  {string.Join("; ", Faults)}
        """;
}
