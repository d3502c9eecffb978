using System.Globalization;
using System.Runtime.InteropServices;

namespace CodeAgent.Benchmarks.Machine;

/// <summary>What the figures depend on besides the programs.</summary>
internal static class MachineFacts
{
    public static async Task<IReadOnlyList<string>> ReadAsync(CancellationToken stop)
    {
        var (_, wrk) = await Tool.TryRunAsync("wrk", ["--version"], stop);
        var (code, commit) = await Tool.TryRunAsync("git", ["describe", "--always", "--dirty"], stop, Places.Root);
        return
        [
            $"{Environment.ProcessorCount} cores ({await FirstAsync("/proc/cpuinfo", "model name", stop)}), "
                + $"{await MemoryAsync(stop)} GB, {RuntimeInformation.OSDescription}; everything runs on this one machine, the load tool and the mock included",
            $"{RuntimeInformation.FrameworkDescription}; {string.Join(' ', wrk.Split(' ').Take(2))}; {Short(await Tool.LineAsync("redis-server", ["--version"], stop))}",
            $"commit {(code == 0 ? commit.Trim() : "unknown")}",
        ];
    }

    // model name      : …
    private static async Task<string> FirstAsync(string file, string name, CancellationToken stop) =>
        (await File.ReadAllLinesAsync(file, stop)).FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal))?.Split(':', 2)[1].Trim() ?? "unknown";

    private static async Task<string> MemoryAsync(CancellationToken stop) =>
        (double.Parse((await FirstAsync("/proc/meminfo", "MemTotal", stop)).Split(' ')[0], CultureInfo.InvariantCulture) / 1024 / 1024).ToString("0", CultureInfo.InvariantCulture);

    // Redis server v=7.0.15 sha=… …
    private static string Short(string line) => string.Join(' ', line.Split(' ').Take(3));
}
