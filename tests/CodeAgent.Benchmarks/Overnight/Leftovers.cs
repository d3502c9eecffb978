using System.Text;
using CodeAgent.Benchmarks.Machine;
using CodeAgent.Benchmarks.Worker;

namespace CodeAgent.Benchmarks.Overnight;

/// <summary>What tasks could leave behind on a machine.</summary>
/// <param name="Processes">Programs that carry the mark of a worker in their environment, or have none left, and were not there before.</param>
/// <param name="Mounts">File systems that are mounted.</param>
/// <param name="ControlGroups">Control groups of ours.</param>
/// <param name="Containers">Containers, where there is podman.</param>
/// <param name="Folders">Workspaces and temporary folders of leases.</param>
internal sealed record Leftovers(
    IReadOnlySet<string> Processes, IReadOnlySet<string> Mounts, IReadOnlySet<string> ControlGroups, IReadOnlySet<string> Containers, IReadOnlySet<string> Folders)
{
    public static async Task<Leftovers> FindAsync(WorkerField field, CancellationToken stop) => new(
        await ProcessesAsync(stop),
        (await File.ReadAllLinesAsync("/proc/self/mountinfo", stop)).Select(line => line.Split(' ')[4]).ToHashSet(),
        GroupsOf("/sys/fs/cgroup").ToHashSet(),
        (await Tool.TryRunAsync("podman", ["ps", "--all", "--quiet"], stop)).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).ToHashSet(),
        Entries(Path.Combine(field.WorkFolder, "tasks"), "*").Concat(Entries(field.TempFolder, "codeagent-*")).ToHashSet());

    /// <summary>What is here that was not there, in words.</summary>
    public IEnumerable<string> Beyond(Leftovers before) =>
    [
        .. Processes.Except(before.Processes).Select(process => $"process {process}"),
        .. Mounts.Except(before.Mounts).Select(mount => $"mount {mount}"),
        .. ControlGroups.Except(before.ControlGroups).Select(group => $"control group {group}"),
        .. Containers.Except(before.Containers).Select(container => $"container {container}"),
        .. Folders.Except(before.Folders).Select(folder => $"folder {folder}"),
    ];

    private static async Task<IReadOnlySet<string>> ProcessesAsync(CancellationToken stop)
    {
        HashSet<string> found = [];
        foreach (var folder in Directory.GetDirectories("/proc").Where(folder => int.TryParse(Path.GetFileName(folder), out _)))
        {
            try
            {
                var command = Encoding.UTF8.GetString(await File.ReadAllBytesAsync(Path.Combine(folder, "cmdline"), stop)).Replace('\0', ' ').Trim();
                var environment = Encoding.UTF8.GetString(await File.ReadAllBytesAsync(Path.Combine(folder, "environ"), stop));

                // What has emptied its environment still says what it is.
                if (environment.Contains("CODEAGENT_TASK=", StringComparison.Ordinal) || command.Contains("sleep 100000", StringComparison.Ordinal))
                {
                    found.Add($"{Path.GetFileName(folder)} {command}");
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // It ended meanwhile, or is none of ours.
            }
        }

        return found;
    }

    private static IEnumerable<string> GroupsOf(string root) => Directory.Exists(root)
        ? Directory.EnumerateDirectories(root, "codeagent*", new EnumerationOptions { RecurseSubdirectories = true, IgnoreInaccessible = true, MaxRecursionDepth = 4 })
        : [];

    private static string[] Entries(string folder, string pattern) => Directory.Exists(folder) ? Directory.GetFileSystemEntries(folder, pattern) : [];
}
