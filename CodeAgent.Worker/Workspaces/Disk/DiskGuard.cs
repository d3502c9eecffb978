using CodeAgent.Worker.Configuration;

namespace CodeAgent.Worker.Workspaces.Disk;

/// <summary>Says whether there is room for another task. A worker whose disk is full would fail whatever it claims, and so empty the queue.</summary>
internal sealed partial class DiskGuard(WorkFolders folders, FreeSpace free, CurrentOptions options, ILogger<DiskGuard> logger)
{
    private bool _full;

    /// <summary>Whether there is; when that changes, the log says so.</summary>
    public bool HasRoom()
    {
        var least = options().Disk.LeastFreeGiB;
        var full = free(folders.Root) < DiskOptions.Bytes(least);
        if (full != _full)
        {
            _full = full;
            if (full)
            {
                LogFull(folders.Root, least);
            }
            else
            {
                LogRoom(folders.Root);
            }
        }

        return !full;
    }

    [LoggerMessage(LogLevel.Error, "The disk of {Folder} has less than {LeastGiB} GiB free: no task is claimed until it has more")]
    private partial void LogFull(string folder, double leastGiB);

    [LoggerMessage(LogLevel.Information, "The disk of {Folder} has room again: tasks are claimed")]
    private partial void LogRoom(string folder);
}
