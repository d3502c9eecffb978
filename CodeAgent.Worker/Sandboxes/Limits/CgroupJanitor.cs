using System.Globalization;
using CodeAgent.Worker.Processes;

namespace CodeAgent.Worker.Sandboxes.Limits;

/// <summary>Removes the groups of processes of workers that were killed, with whatever still runs in them. At the start, and every minute.</summary>
internal sealed partial class CgroupJanitor(Lazy<Task<CgroupHomes>> homes, TimeProvider time, ILogger<CgroupJanitor> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    /// <summary>Looks through them once.</summary>
    public async Task SweepAsync(CancellationToken cancellationToken)
    {
        var here = await WorkerMark.Here;
        foreach (var folder in (await homes.Value).Folders.SelectMany(Directory.EnumerateDirectories).ToList())
        {
            if (await CgroupName.IsLeftAsync(Path.GetFileName(folder), here, cancellationToken))
            {
                await RemoveAsync(folder, cancellationToken);
            }
        }
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Janitor.RunAsync(SweepAsync, Interval, time, logger, stoppingToken);

    private async Task RemoveAsync(string folder, CancellationToken cancellationToken)
    {
        try
        {
            foreach (var line in await File.ReadAllLinesAsync(Path.Combine(folder, "cgroup.procs"), cancellationToken))
            {
                Signals.Send(int.Parse(line, CultureInfo.InvariantCulture), Signals.Kill);
            }

            Directory.Delete(folder);
            LogRemoved(folder);
        }
        catch (IOException e)
        {
            // Its processes are just ending, or another worker was faster. The next look tells.
            LogStays(folder, e.Message);
        }
    }

    [LoggerMessage(LogLevel.Information, "Removed the group of processes of a worker that is gone: {Folder}")]
    private partial void LogRemoved(string folder);

    [LoggerMessage(LogLevel.Debug, "The group of processes {Folder} is still there: {Reason}")]
    private partial void LogStays(string folder, string reason);
}
