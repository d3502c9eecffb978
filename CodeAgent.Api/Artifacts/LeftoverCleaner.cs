namespace CodeAgent.Api.Artifacts;

/// <summary>Removes at each start what crashed uploads left in the store.</summary>
internal sealed partial class LeftoverCleaner(ArtifactStore store, ILogger<LeftoverCleaner> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // The start of the service does not wait for a slow disk.
        await Task.Yield();
        try
        {
            if (store.DeleteLeftovers() is > 0 and var count)
            {
                LogRemoved(count);
            }
        }
        catch (IOException e)
        {
            // Another instance may clean at the same time. What stays this time goes at the next start.
            LogNotRemoved(e);
        }
    }

    [LoggerMessage(LogLevel.Information, "Removed {Count} temporary files that uploads had left in the artifact store")]
    private partial void LogRemoved(int count);

    [LoggerMessage(LogLevel.Warning, "Temporary files that uploads had left in the artifact store could not be removed")]
    private partial void LogNotRemoved(Exception e);
}
