using System.Threading.Channels;

namespace CodeAgent.ServiceDefaults.Configuration;

/// <summary>
/// Notices changes of a configuration file. The folder is watched, since editors replace a file by renaming another over it;
/// and the file is read every few seconds, since some mounts tell nobody of their changes.
/// </summary>
internal sealed partial class ConfigFileWatcher<T>(ConfigFile<T> file, ILogger<ConfigFile<T>> logger, TimeProvider time) : BackgroundService
    where T : class, new()
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);

    // An editor that empties the file before it writes must not be caught in between.
    private static readonly TimeSpan Settled = TimeSpan.FromMilliseconds(100);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var changes = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
        using var watcher = Watch(changes.Writer);
        using var timer = time.CreateTimer(_ => changes.Writer.TryWrite(true), null, Interval, Interval);
        await foreach (var _ in changes.Reader.ReadAllAsync(stoppingToken))
        {
            await Task.Delay(Settled, time, stoppingToken);
            try
            {
                await file.RefreshAsync(logger, stoppingToken);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                LogUnreadable(e, file.Path);
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                // Somebody who was told of the change failed. The service goes on, and so do its next changes.
                LogFailed(e, file.Path);
            }
        }
    }

    private FileSystemWatcher? Watch(ChannelWriter<bool> changes)
    {
        try
        {
            var watcher = new FileSystemWatcher(Path.GetDirectoryName(file.Path)!, Path.GetFileName(file.Path));
            watcher.Changed += (_, _) => changes.TryWrite(true);
            watcher.Created += (_, _) => changes.TryWrite(true);
            watcher.Renamed += (_, _) => changes.TryWrite(true);
            watcher.EnableRaisingEvents = true;
            return watcher;
        }
        catch (Exception e) when (e is IOException or ArgumentException or UnauthorizedAccessException)
        {
            LogUnwatched(e, file.Path, Interval);
            return null;
        }
    }

    [LoggerMessage(LogLevel.Warning, "{File} cannot be read just now, the last good configuration stays in force")]
    private partial void LogUnreadable(Exception exception, string file);

    [LoggerMessage(LogLevel.Error, "A change of {File} was not taken over by all of this service")]
    private partial void LogFailed(Exception exception, string file);

    [LoggerMessage(LogLevel.Information, "{File} cannot be watched; it is read every {Interval} instead")]
    private partial void LogUnwatched(Exception exception, string file, TimeSpan interval);
}
