namespace CodeAgent.Worker.Configuration;

/// <summary>How much of the disk a worker takes. Sizes are in GiB.</summary>
internal sealed class DiskOptions
{
    /// <summary>Largest folder of a task: workspace, home and temporary files. 0.01 to 10,000, 20 by default; a task that takes more ends with <c>limit_reached</c>.</summary>
    public double WorkspaceLimitGiB { get; set; } = 20;

    /// <summary>No task is claimed while less is free. 0 to 10,000, 1 by default.</summary>
    public double LeastFreeGiB { get; set; } = 1;

    /// <summary>While less is free, cached repositories that no task uses are removed, the longest unused first. 0 to 10,000, 5 by default.</summary>
    public double CacheFreeGiB { get; set; } = 5;

    /// <summary>Cached repositories that no task used for so long are removed. 1 h to 3650 d, 30 d by default.</summary>
    public TimeSpan CacheAge { get; set; } = TimeSpan.FromDays(30);

    /// <summary>A folder, absolute, whose packages of NuGet, npm and pip all tasks share. By default tasks have NuGet's of the worker's user, and none of npm's and pip's.</summary>
    public string? DependencyCaches { get; set; }

    /// <summary>A size in bytes.</summary>
    public static long Bytes(double gibibytes) => (long)(gibibytes * 1024 * 1024 * 1024);
}
