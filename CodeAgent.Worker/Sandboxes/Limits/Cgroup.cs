using System.Globalization;
using CodeAgent.Worker.Processes;

namespace CodeAgent.Worker.Sandboxes.Limits;

/// <summary>The group of processes of one lease, with its limits.</summary>
/// <param name="homes">Where it is made.</param>
/// <param name="name">Its name, as <see cref="CgroupName"/> makes it.</param>
/// <param name="limits">Its limits.</param>
internal sealed class Cgroup(CgroupHomes homes, string name, LimitSet limits)
{
    private const int Period = 100_000;
    private const int Tries = 50;
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(20);

    private IEnumerable<string> Folders => homes.Folders.Select(home => Path.Combine(home, name));

    /// <summary>What a shell does to be in it, and its children after it.</summary>
    public string Enter => string.Concat(Folders.Select(folder => $"echo $$ >'{folder}/cgroup.procs' || exit 125; "));

    /// <summary>Makes it.</summary>
    /// <exception cref="IOException">It could not be made.</exception>
    public async Task CreateAsync(CancellationToken cancellationToken)
    {
        foreach (var folder in Folders)
        {
            Directory.CreateDirectory(folder);
        }

        if (limits.Memory is { } memory)
        {
            await WriteAsync(homes.Memory, homes.IsUnified ? "memory.max" : "memory.limit_in_bytes", Text(memory), cancellationToken);

            // Swap is no way around it, where the kernel counts it.
            await WriteAsync(homes.Memory, homes.IsUnified ? "memory.swap.max" : "memory.memsw.limit_in_bytes", homes.IsUnified ? "0" : Text(memory), cancellationToken);
        }

        if (limits.Processes is { } processes)
        {
            await WriteAsync(homes.Pids, "pids.max", Text(processes), cancellationToken);
        }

        if (limits.Cpus is { } cpus && homes.IsUnified)
        {
            await WriteAsync(homes.Cpu, "cpu.max", $"{Text((long)(cpus * Period))} {Text(Period)}", cancellationToken);
        }
        else if (limits.Cpus is { } quota)
        {
            await WriteAsync(homes.Cpu, "cpu.cfs_period_us", Text(Period), cancellationToken);
            await WriteAsync(homes.Cpu, "cpu.cfs_quota_us", Text((long)(quota * Period)), cancellationToken);
        }
    }

    /// <summary>How often the kernel ended a process for its memory, and refused to make one, so far.</summary>
    public async Task<(long Memory, long Processes)> CountAsync(CancellationToken cancellationToken) => (
        limits.Memory is null ? 0 : await ReadAsync(homes.Memory, homes.IsUnified ? "memory.events" : "memory.oom_control", "oom_kill", cancellationToken),
        limits.Processes is null ? 0 : await ReadAsync(homes.Pids, "pids.events", "max", cancellationToken));

    /// <summary>Removes it, and ends what is still in it: its commands have been ended, so that it is what hid from that. One that cannot be removed within a second is left; what is in it is as good as dead.</summary>
    public async Task RemoveAsync()
    {
        for (var attempt = 1; Folders.Any(Directory.Exists); attempt++)
        {
            try
            {
                foreach (var folder in Folders.Where(Directory.Exists))
                {
                    foreach (var process in await File.ReadAllLinesAsync(Path.Combine(folder, "cgroup.procs")))
                    {
                        Signals.Send(int.Parse(process, CultureInfo.InvariantCulture), Signals.Kill);
                    }

                    Directory.Delete(folder);
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                if (attempt == Tries)
                {
                    return;
                }

                await Task.Delay(Interval);
            }
        }
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    private async Task WriteAsync(string? home, string file, string text, CancellationToken cancellationToken)
    {
        if (home is not null && Path.Combine(home, name, file) is var path && File.Exists(path))
        {
            await File.WriteAllTextAsync(path, text, cancellationToken);
        }
    }

    // oom_kill 2
    private async Task<long> ReadAsync(string? home, string file, string field, CancellationToken cancellationToken)
    {
        if (home is null || Path.Combine(home, name, file) is var path && !File.Exists(path))
        {
            return 0;
        }

        var line = (await File.ReadAllLinesAsync(path, cancellationToken)).FirstOrDefault(line => line.StartsWith(field + ' ', StringComparison.Ordinal));
        return line is null ? 0 : long.Parse(line.AsSpan(field.Length + 1), CultureInfo.InvariantCulture);
    }
}
