namespace CodeAgent.Worker.Workspaces;

/// <summary>The folder of a lease while a worker has it: locked, so that no other worker takes it for left over.</summary>
internal sealed class HeldFolder : IAsyncDisposable
{
    private readonly FileLock _lock;
    private readonly TimeProvider _time;

    private HeldFolder(TaskFolder folder, FileLock held, TimeProvider time) => (Folder, _lock, _time) = (folder, held, time);

    /// <summary>Where it is.</summary>
    public TaskFolder Folder { get; }

    /// <summary>Makes the folder.</summary>
    public static async Task<HeldFolder> AcquireAsync(TaskFolder folder, TimeProvider time, CancellationToken cancellationToken)
    {
        var held = await FileLock.AcquireAsync(folder.Lock, time, cancellationToken);
        folder.CreateForCommands();
        return new(folder, held, time);
    }

    /// <summary>Takes a folder that nobody has; none where somebody does.</summary>
    public static HeldFolder? TryAcquire(TaskFolder folder, TimeProvider time) =>
        FileLock.TryAcquire(folder.Lock) is { } held ? new(folder, held, time) : null;

    /// <summary>Removes it, with all that is in it.</summary>
    /// <exception cref="IOException">It could not be removed; it is unlocked all the same, and a janitor will try again.</exception>
    /// <exception cref="UnauthorizedAccessException">As above.</exception>
    public async ValueTask DisposeAsync()
    {
        using (_lock)
        {
            await FolderRemoval.RemoveAsync(Folder.Temp, _time);
            await FolderRemoval.RemoveAsync(Folder.Sockets, _time);
            await FolderRemoval.RemoveAsync(Folder.Signing, _time);
            await FolderRemoval.RemoveAsync(Folder.Root, _time);
            File.Delete(Folder.Lock);
        }
    }
}
