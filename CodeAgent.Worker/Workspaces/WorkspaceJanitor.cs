namespace CodeAgent.Worker.Workspaces;

/// <summary>Removes the workspaces of workers that are dead: those whose lock nobody holds. At the start, and every minute.</summary>
internal sealed partial class WorkspaceJanitor(WorkFolders folders, TimeProvider time, ILogger<WorkspaceJanitor> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    /// <summary>Looks through the folder once.</summary>
    public async Task SweepAsync()
    {
        if (!Directory.Exists(folders.Tasks))
        {
            return;
        }

        var roots = Directory.EnumerateFileSystemEntries(folders.Tasks).Select(path => path.EndsWith(".lock", StringComparison.Ordinal) ? path[..^".lock".Length] : path).ToHashSet();
        foreach (var folder in roots.Select(root => new TaskFolder(root)))
        {
            if (HeldFolder.TryAcquire(folder, time) is { } held)
            {
                await RemoveAsync(held);
            }
        }
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Janitor.RunAsync(_ => SweepAsync(), Interval, time, logger, stoppingToken);

    private async Task RemoveAsync(HeldFolder held)
    {
        try
        {
            await held.DisposeAsync();
            LogRemoved(held.Folder.Root);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            LogStays(held.Folder.Root, e.Message);
        }
    }

    [LoggerMessage(LogLevel.Information, "Removed the workspace of a worker that is gone: {Folder}")]
    private partial void LogRemoved(string folder);

    [LoggerMessage(LogLevel.Warning, "The workspace {Folder} of a worker that is gone could not be removed: {Reason}")]
    private partial void LogStays(string folder, string reason);
}
