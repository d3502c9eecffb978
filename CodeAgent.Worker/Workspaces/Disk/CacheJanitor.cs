using CodeAgent.Worker.Configuration;

namespace CodeAgent.Worker.Workspaces.Disk;

/// <summary>
/// Removes cached repositories: those that were not used for long, and while the disk is short of room, whichever was not used the
/// longest. Never one that a workspace borrows from or that somebody has locked, and never one with a commit that is nowhere else.
/// </summary>
internal sealed partial class CacheJanitor(WorkFolders folders, Git git, FreeSpace free, CurrentOptions options, TimeProvider time, ILogger<CacheJanitor> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(10);

    // Between the fetch and the workspace that borrows from it nothing shows that a repository is in use.
    private static readonly TimeSpan Youngest = TimeSpan.FromMinutes(10);

    /// <summary>Looks through the cache once.</summary>
    public async Task SweepAsync(CancellationToken cancellationToken)
    {
        if (!Directory.Exists(folders.Cache))
        {
            return;
        }

        var disk = options().Disk;
        var now = time.GetUtcNow();
        var all = new DirectoryInfo(folders.Cache).EnumerateDirectories("*.git").Select(folder => (Folder: folder.FullName, UsedAt: RepositoryCache.UsedAt(folder.FullName)));
        foreach (var (folder, usedAt) in all.OrderBy(repository => repository.UsedAt).ToList())
        {
            var isOld = now - usedAt > disk.CacheAge;
            var isShort = free(folders.Cache) < DiskOptions.Bytes(disk.CacheFreeGiB);
            if (now - usedAt > Youngest && (isOld || isShort))
            {
                await RemoveAsync(folder, usedAt, cancellationToken);
            }
        }
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Janitor.RunAsync(SweepAsync, Interval, time, logger, stoppingToken);

    private async Task RemoveAsync(string folder, DateTimeOffset usedAt, CancellationToken cancellationToken)
    {
        using var held = FileLock.TryAcquire(folder + ".lock");
        if (held is null || RepositoryCache.UsedAt(folder) != usedAt || await IsBorrowedAsync(folder, cancellationToken))
        {
            return;
        }

        if (await HasUndeliveredAsync(folder, cancellationToken))
        {
            LogKept(folder);
            return;
        }

        try
        {
            await FolderRemoval.RemoveAsync(folder, time);
            File.Delete(folder + ".lock");
            LogRemoved(folder, usedAt);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            LogStays(folder, e.Message);
        }
    }

    private async Task<bool> IsBorrowedAsync(string folder, CancellationToken cancellationToken)
    {
        if (!Directory.Exists(folders.Tasks))
        {
            return false;
        }

        foreach (var task in Directory.EnumerateDirectories(folders.Tasks))
        {
            var alternates = Path.Combine(new TaskFolder(task).Git, "objects", "info", "alternates");
            try
            {
                if ((await File.ReadAllTextAsync(alternates, cancellationToken)).Contains(folder, StringComparison.Ordinal))
                {
                    return true;
                }
            }
            catch (IOException)
            {
                // It is being made, and then its repository was just fetched into; or it is being removed.
                continue;
            }
        }

        return false;
    }

    // What was pushed has no reference of ours any more, or the other side has it under one of its own.
    private async Task<bool> HasUndeliveredAsync(string folder, CancellationToken cancellationToken)
    {
        var found = await git.TryAsync(new(folder, "rev-list", "--max-count=1", "--glob=refs/heads/*", "--glob=refs/codeagent/*", "--not", "--glob=refs/remotes/*", "--glob=refs/tags/*"), cancellationToken);
        return found.ExitCode != 0 || found.Output.Length > 0;
    }

    [LoggerMessage(LogLevel.Information, "Removed the cached repository {Folder}, last used at {UsedAt}")]
    private partial void LogRemoved(string folder, DateTimeOffset usedAt);

    [LoggerMessage(LogLevel.Information, "The cached repository {Folder} stays: it has commits of tasks that were not pushed")]
    private partial void LogKept(string folder);

    [LoggerMessage(LogLevel.Warning, "The cached repository {Folder} could not be removed: {Reason}")]
    private partial void LogStays(string folder, string reason);
}
