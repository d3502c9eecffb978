using System.Diagnostics;
using CodeAgent.Benchmarks.Machine;

namespace CodeAgent.Benchmarks.Worker;

/// <summary>
/// What git alone takes to put the same files into an empty folder beside the workers' own. Most of it is the file system's part,
/// which differs tenfold between disks, and, where a folder is not spread as the workers' is, with what was just removed there: the
/// worker's figure says little without it.
/// </summary>
internal sealed class PlainCheckout(string repository, string beside)
{
    private readonly string _folder = Path.Combine(beside, "plain");

    /// <summary>Does it once.</summary>
    /// <returns>Milliseconds.</returns>
    /// <exception cref="BenchmarkException">Git failed.</exception>
    public async Task<double> RunAsync(CancellationToken stop)
    {
        var tree = Directory.CreateDirectory(Path.Combine(_folder, "tree")).FullName;
        var begin = Stopwatch.GetTimestamp();
        await Tool.RunAsync("env",
            [$"GIT_INDEX_FILE={Path.Combine(_folder, "index")}", "git", $"--git-dir={repository}", $"--work-tree={tree}", "read-tree", "-u", "--reset", "HEAD"], stop);
        var took = Stopwatch.GetElapsedTime(begin);
        Directory.Delete(_folder, recursive: true);
        return took.TotalMilliseconds;
    }
}
