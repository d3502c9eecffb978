using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;

namespace CodeAgent.Benchmarks.Faults;

/// <summary>Goes through seeds: each kills, stops, cuts and loses parts of a running system at each step of tasks' lives, and looks at what must hold all the same.</summary>
internal static class FaultSweep
{
    private const int Seeds = 500;
    private const int Lanes = 2;
    private const int Progress = 20;

    public static async Task<int> RunAsync(Options options, CancellationToken stop)
    {
        var first = options.Has("--seed") ? (int)options.Number("--seed", 1) : 1;
        var count = (int)options.Number("--seeds", options.Has("--seed") ? 1 : Seeds);
        ConcurrentQueue<int> seeds = new([.. options.Has("--seed") ? [] : FailedSeeds.All, .. Enumerable.Range(first, count)]);
        var (tally, clock, done, failed) = (new Tally(), Stopwatch.StartNew(), 0, new ConcurrentBag<int>());
        var lanes = Math.Min((int)options.Number("--lanes", Lanes), seeds.Count);
        await Task.WhenAll(Enumerable.Range(1, lanes).Select(LaneAsync));
        await Console.Out.WriteLineAsync($"\n{tally}");
        await Console.Out.WriteLineAsync(string.Create(CultureInfo.InvariantCulture,
            $"{done} seeds in {clock.Elapsed.TotalMinutes:0.0} minutes, {clock.Elapsed.TotalSeconds / done:0.0} s each; seeds with a violation: {(failed.IsEmpty ? "none" : string.Join(", ", failed.Order()))}"));
        return failed.IsEmpty ? 0 : 1;

        // A system of its own, that goes from seed to seed.
        async Task LaneAsync(int lane)
        {
            await using var system = await SweepSystem.StartAsync($"faults-{lane}", stop);
            foreach (var (kind, why) in system.Skipped.Where(_ => lane == 1))
            {
                await Console.Out.WriteLineAsync($"Left out, since {why}: {kind}");
            }

            while (seeds.TryDequeue(out var seed))
            {
                var plan = FaultPlan.Of(seed);
                using var run = new SeedRun(system, plan, tally);
                var began = clock.Elapsed;
                var found = await run.RunAsync(stop);
                if (found.Count > 0)
                {
                    failed.Add(seed);
                    await Console.Out.WriteLineAsync($"VIOLATION: seed {seed}, repeat with --seed {seed}\n{plan}\n{string.Join('\n', found.Select(violation => $"  {violation.Invariant}: {violation.What}"))}");
                }
                else if (options.Has("--verbose"))
                {
                    await Console.Out.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"seed {seed}: {(clock.Elapsed - began).TotalSeconds:0.0} s\n{plan}"));
                }

                if (Interlocked.Increment(ref done) % Progress == 0)
                {
                    await Console.Out.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"{done} seeds, {clock.Elapsed.TotalMinutes:0.0} min, {failed.Count} with a violation"));
                }
            }
        }
    }
}
