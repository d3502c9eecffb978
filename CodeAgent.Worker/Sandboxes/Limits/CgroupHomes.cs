using System.Text.RegularExpressions;

namespace CodeAgent.Worker.Sandboxes.Limits;

/// <summary>Where groups of processes with limits can be made: below the worker's own group, so that the limits it has itself stay in force.</summary>
/// <param name="Memory">Folder for groups that limit memory; none where there is no such place.</param>
/// <param name="Pids">The same for the number of processes.</param>
/// <param name="Cpu">The same for processor time.</param>
/// <param name="IsUnified">Whether all are one, as in version 2.</param>
internal sealed partial record CgroupHomes(string? Memory, string? Pids, string? Cpu, bool IsUnified)
{
    private static readonly string[] Controllers = ["memory", "pids", "cpu"];

    /// <summary>None at all.</summary>
    public static CgroupHomes None { get; } = new(null, null, null, IsUnified: false);

    /// <summary>The folders, each once.</summary>
    public IEnumerable<string> Folders => new[] { Memory, Pids, Cpu }.OfType<string>().Distinct();

    /// <summary>Looks for them.</summary>
    public static async Task<CgroupHomes> FindAsync(CancellationToken cancellationToken)
    {
        if (!OperatingSystem.IsLinux() || !File.Exists("/proc/self/cgroup"))
        {
            return None;
        }

        var own = (await File.ReadAllLinesAsync("/proc/self/cgroup", cancellationToken)).Select(line => line.Split(':', 3)).Where(parts => parts.Length == 3).ToList();
        var mounts = (await File.ReadAllLinesAsync("/proc/self/mountinfo", cancellationToken)).Select(line => Mount().Match(line)).Where(match => match.Success).ToList();
        if (await UnifiedAsync(own, mounts, cancellationToken) is { } unified)
        {
            return new(unified, unified, unified, IsUnified: true);
        }

        var found = Controllers.Select(controller => Version1(controller, own, mounts)).ToList();
        return new(found[0], found[1], found[2], IsUnified: false);
    }

    // 0::/system.slice/worker.service/main. Groups with processes in them give no limits to others below: then it is the one above,
    // if that is the worker's to change (systemd: Delegate=yes, DelegateSubgroup=main).
    private static async Task<string?> UnifiedAsync(List<string[]> own, List<Match> mounts, CancellationToken cancellationToken)
    {
        var mount = mounts.FirstOrDefault(mount => mount.Groups["type"].Value == "cgroup2");
        var path = own.FirstOrDefault(parts => parts[0] == "0")?[2];
        if (mount is null || path is null || FolderOf(mount, path) is not { } folder)
        {
            return null;
        }

        foreach (var home in new[] { folder, Path.GetDirectoryName(folder) }.OfType<string>().Where(home => home.StartsWith(mount.Groups["at"].Value, StringComparison.Ordinal)))
        {
            try
            {
                await File.WriteAllTextAsync(Path.Combine(home, "cgroup.subtree_control"), "+memory +pids +cpu", cancellationToken);
                if (CanMake(home))
                {
                    return home;
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // Not there, not ours, or with processes in it.
            }
        }

        return null;
    }

    // 4:memory:/system.slice/worker.service
    private static string? Version1(string controller, List<string[]> own, List<Match> mounts)
    {
        var mount = mounts.FirstOrDefault(mount => mount.Groups["type"].Value == "cgroup" && mount.Groups["options"].Value.Split(',').Contains(controller));
        var path = own.FirstOrDefault(parts => parts[1].Split(',').Contains(controller))?[2];
        return mount is not null && path is not null && FolderOf(mount, path) is { } folder && CanMake(folder) ? folder : null;
    }

    private static string? FolderOf(Match mount, string path)
    {
        // In a container the mount shows a part of the tree only.
        var root = mount.Groups["root"].Value;
        var relative = root == "/" ? path : path.StartsWith(root, StringComparison.Ordinal) ? path[root.Length..] : "";
        var folder = mount.Groups["at"].Value + relative.TrimEnd('/');
        return Directory.Exists(folder) ? folder : null;
    }

    private static bool CanMake(string folder)
    {
        var probe = Path.Combine(folder, $"codeagent-probe-{Guid.NewGuid():N}");
        try
        {
            Directory.CreateDirectory(probe);
            Directory.Delete(probe);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    // 31 24 0:27 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
    [GeneratedRegex(@"^\S+ \S+ \S+ (?<root>\S+) (?<at>\S+) .* - (?<type>cgroup2?) \S+ (?<options>\S+)$")]
    private static partial Regex Mount();
}
