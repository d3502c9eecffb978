using CodeAgent.Worker.Configuration;

namespace CodeAgent.Worker.Workspaces.Disk;

/// <summary>Watches the size of a lease's folder while there is work in it.</summary>
internal sealed class WorkspaceQuota : IAsyncDisposable
{
    private const int Rest = 20;
    private static readonly TimeSpan Shortest = TimeSpan.FromSeconds(2);
    private readonly TaskFolder _folder;
    private readonly CurrentOptions _options;
    private readonly Action _exceeded;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _end = new();
    private readonly Task _watching;

    /// <summary>Begins at once.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="options">The limit, which may change meanwhile.</param>
    /// <param name="time">The clock.</param>
    /// <param name="exceeded">Called once, when the folder is over it.</param>
    public WorkspaceQuota(TaskFolder folder, CurrentOptions options, TimeProvider time, Action exceeded)
    {
        (_folder, _options, _time, _exceeded) = (folder, options, time, exceeded);
        _watching = WatchAsync(_end.Token);
    }

    /// <summary>Ends it.</summary>
    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _watching;
        _end.Dispose();
    }

    private async Task WatchAsync(CancellationToken cancellationToken)
    {
        var wait = Shortest;
        try
        {
            while (true)
            {
                await Task.Delay(wait, _time, cancellationToken);
                var start = _time.GetTimestamp();
                if (await FolderSize.MeasureAsync([_folder.Root, _folder.Temp], cancellationToken) is not { } size)
                {
                    return;
                }

                if (size > DiskOptions.Bytes(_options().Disk.WorkspaceLimitGiB))
                {
                    _exceeded();
                    return;
                }

                // A folder with a million files takes long to count; counting is to take little of the time.
                var took = _time.GetElapsedTime(start) * Rest;
                wait = took > Shortest ? took : Shortest;
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return;
        }
    }
}
