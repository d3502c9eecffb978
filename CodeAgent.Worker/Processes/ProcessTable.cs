using System.Globalization;
using System.Text;

namespace CodeAgent.Worker.Processes;

/// <summary>A process in the system's table.</summary>
/// <param name="Id">Its number.</param>
/// <param name="Parent">Its parent's number.</param>
/// <param name="Session">Number of the process that leads its session.</param>
/// <param name="Started">When it started, in ticks after the boot: together with the number it names a process for good.</param>
/// <param name="Ended">Whether it only waits to be collected by its parent.</param>
internal readonly record struct ProcessEntry(int Id, int Parent, int Session, long Started, bool Ended);

/// <summary>The processes of the machine, as <c>/proc</c> shows them (proc_pid_stat(5)). Empty elsewhere.</summary>
internal static class ProcessTable
{
    /// <summary>All that live, and those that wait to be collected.</summary>
    public static async Task<IReadOnlyList<ProcessEntry>> ListAsync(CancellationToken cancellationToken)
    {
        var entries = new List<ProcessEntry>();
        if (!OperatingSystem.IsLinux())
        {
            return entries;
        }

        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out var id)
                && await ReadAsync(id, cancellationToken) is { } entry)
            {
                entries.Add(entry);
            }
        }

        return entries;
    }

    /// <summary>The process with this number, if it lives.</summary>
    public static async Task<ProcessEntry?> FindAsync(int id, CancellationToken cancellationToken) =>
        await ReadAsync(id, cancellationToken) is { Ended: false } entry ? entry : null;

    /// <summary>The value of a variable in the environment that a process was started with; none where it has none or may not be looked at.</summary>
    public static async Task<string?> VariableAsync(int id, string name, CancellationToken cancellationToken)
    {
        var environment = await ReadAsync($"/proc/{id}/environ", cancellationToken);
        return environment?.Split('\0').FirstOrDefault(pair => pair.StartsWith(name + '=', StringComparison.Ordinal))?[(name.Length + 1)..];
    }

    /// <summary>Bytes of memory that a process has; 0 where it is gone.</summary>
    public static async Task<long> ResidentAsync(int id, CancellationToken cancellationToken) =>
        await ReadAsync($"/proc/{id}/statm", cancellationToken) is { Length: > 0 } pages ? long.Parse(pages.Split(' ')[1], CultureInfo.InvariantCulture) * Environment.SystemPageSize : 0;

    /// <summary>Whether a process is in a process namespace below ours.</summary>
    public static async Task<bool> IsContainedAsync(int id, CancellationToken cancellationToken)
    {
        // NSpid:  4711  3    its number here, and in each namespace below.
        var status = await ReadAsync($"/proc/{id}/status", cancellationToken);
        var numbers = status?.Split('\n').FirstOrDefault(line => line.StartsWith("NSpid:", StringComparison.Ordinal));
        return numbers?.Split('\t', StringSplitOptions.RemoveEmptyEntries).Length > 2;
    }

    private static async Task<ProcessEntry?> ReadAsync(int id, CancellationToken cancellationToken)
    {
        // 4711 (a name) with (any) characters) S 1 4711 4711 0 …: only the last parenthesis is sure to end the name.
        if (await ReadAsync($"/proc/{id}/stat", cancellationToken) is not { Length: > 0 } stat)
        {
            return null;
        }

        var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        return new ProcessEntry(id, Number(fields[1]), Number(fields[3]), long.Parse(fields[19], CultureInfo.InvariantCulture), fields[0] is "Z" or "X");
    }

    private static int Number(string field) => int.Parse(field, CultureInfo.InvariantCulture);

    private static async Task<string?> ReadAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            return Encoding.Latin1.GetString(await File.ReadAllBytesAsync(path, cancellationToken));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It ended meanwhile, or belongs to somebody else: either way none of ours.
            return null;
        }
    }
}
