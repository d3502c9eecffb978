namespace CodeAgent.Benchmarks.Machine;

/// <summary>What processes took while something ran.</summary>
/// <param name="CpuSeconds">In user and kernel mode.</param>
/// <param name="Seconds">How long it ran.</param>
/// <param name="Megabytes">Resident before it ran.</param>
/// <param name="PeakMegabytes">Most that was resident while it ran.</param>
internal sealed record ResourceUse(double CpuSeconds, double Seconds, double Megabytes, double PeakMegabytes)
{
    /// <summary>The share of the whole machine's processor time, 0 to 1.</summary>
    public double Share => CpuSeconds / Seconds / Environment.ProcessorCount;

    /// <summary>Runs something, and looks at these processes before and after.</summary>
    public static async Task<(T Found, IReadOnlyList<ResourceUse> Use)> MeasureAsync<T>(IReadOnlyList<ProcessTree> processes, Func<Task<T>> run)
    {
        foreach (var process in processes)
        {
            await process.ForgetPeakAsync();
        }

        var before = await Task.WhenAll(processes.Select(process => process.ReadAsync()));
        var begun = TimeProvider.System.GetTimestamp();
        var found = await run();
        var seconds = TimeProvider.System.GetElapsedTime(begun).TotalSeconds;
        var after = await Task.WhenAll(processes.Select(process => process.ReadAsync()));
        return (found, [.. before.Zip(after, (from, to) => new ResourceUse(to.CpuSeconds - from.CpuSeconds, seconds, from.Megabytes, to.PeakMegabytes))]);
    }
}
