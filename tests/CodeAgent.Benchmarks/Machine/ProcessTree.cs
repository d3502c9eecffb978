using System.Globalization;

namespace CodeAgent.Benchmarks.Machine;

/// <summary>A process and everything below it, as /proc tells of them (proc_pid_stat(5), proc_pid_status(5)).</summary>
internal sealed class ProcessTree(int root)
{
    // What the kernel counts time in, on every Linux that .NET runs on.
    public const double TicksPerSecond = 100;

    /// <summary>Sums over the tree.</summary>
    /// <param name="CpuSeconds">In user and kernel mode, since the start.</param>
    /// <param name="EndedCpuSeconds">Of children that have ended since.</param>
    /// <param name="Megabytes">Resident now.</param>
    /// <param name="PeakMegabytes">Most that was resident since <see cref="ForgetPeakAsync"/>.</param>
    /// <param name="Handles">Open files and sockets.</param>
    /// <param name="Threads">Threads.</param>
    public sealed record Usage(double CpuSeconds, double EndedCpuSeconds, double Megabytes, double PeakMegabytes, int Handles, int Threads);

    public async Task<Usage> ReadAsync()
    {
        var sum = new Usage(0, 0, 0, 0, 0, 0);
        foreach (var (pid, cpu, ended) in await MembersAsync())
        {
            try
            {
                var status = await File.ReadAllLinesAsync($"/proc/{pid}/status");
                sum = new(sum.CpuSeconds + cpu, sum.EndedCpuSeconds + ended, sum.Megabytes + (Field(status, "VmRSS:") / 1024), sum.PeakMegabytes + (Field(status, "VmHWM:") / 1024),
                    sum.Handles + Directory.GetFiles($"/proc/{pid}/fd").Length, sum.Threads + (int)Field(status, "Threads:"));
            }
            catch (IOException)
            {
                // It ended while it was looked at.
            }
        }

        return sum;
    }

    /// <summary>The process of the tree whose command line begins with a program and has this in its arguments.</summary>
    /// <exception cref="BenchmarkException">There is none.</exception>
    public async Task<int> ProgramAsync(string mark)
    {
        foreach (var (pid, _, _) in await MembersAsync())
        {
            // Not the shell that started it, which has the whole command in its own.
            if (pid != root && (await File.ReadAllTextAsync($"/proc/{pid}/cmdline")).Contains(mark, StringComparison.Ordinal))
            {
                return pid;
            }
        }

        throw new BenchmarkException($"No process has {mark} in its command line.");
    }

    /// <summary>Lets the peak begin at what is resident now.</summary>
    public async Task ForgetPeakAsync()
    {
        foreach (var (pid, _, _) in await MembersAsync())
        {
            await File.WriteAllTextAsync($"/proc/{pid}/clear_refs", "5");
        }
    }

    private async Task<List<(int Pid, double Cpu, double Ended)>> MembersAsync()
    {
        Dictionary<int, (int Parent, double Cpu, double Ended)> all = [];
        foreach (var folder in Directory.GetDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out var pid) && await StatAsync(pid) is { } stat)
            {
                all[pid] = stat;
            }
        }

        return [.. all.Where(process => IsBelow(process.Key)).Select(process => (process.Key, process.Value.Cpu, process.Value.Ended))];

        bool IsBelow(int pid) => pid == root || (all.TryGetValue(pid, out var stat) && stat.Parent != 0 && IsBelow(stat.Parent));
    }

    // 4242 (a name (odd)) S 4200 … fields 4 (parent), 14 and 15 (time in user and kernel mode), 16 and 17 (of children that ended)
    private static async Task<(int Parent, double Cpu, double Ended)?> StatAsync(int pid)
    {
        try
        {
            var stat = await File.ReadAllTextAsync($"/proc/{pid}/stat");
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return (Number(fields[1]), (Number(fields[11]) + Number(fields[12])) / TicksPerSecond, (Number(fields[13]) + Number(fields[14])) / TicksPerSecond);
        }
        catch (IOException)
        {
            return null;
        }

        static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
    }

    private static double Field(string[] status, string name) => status.FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal)) is { } line
        ? double.Parse(line[name.Length..].Replace("kB", "", StringComparison.Ordinal), CultureInfo.InvariantCulture) : 0;
}
