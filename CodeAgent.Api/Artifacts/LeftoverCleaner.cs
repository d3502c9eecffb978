using CodeAgent.ServiceDefaults.Redis;
using Microsoft.Extensions.Options;

namespace CodeAgent.Api.Artifacts;

/// <summary>Removes what is left over in the store, at each start and from time to time. Any number of instances may do so at the same time.</summary>
internal sealed partial class LeftoverCleaner(
    Leftovers leftovers, IOptions<ArtifactOptions> options, TimeProvider time, ILogger<LeftoverCleaner> logger) : BackgroundService
{
    // Between the move of a file and the change that names it a crash is rare, and to look at all files is work.
    private static readonly TimeSpan OrphanInterval = TimeSpan.FromDays(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // The start of the service does not wait for a slow disk.
        await Task.Yield();
        DateTimeOffset? looked = null;
        using var timer = new PeriodicTimer(options.Value.SweepInterval, time);
        do
        {
            try
            {
                Tell(leftovers.DeleteTemporaries());
                if (looked is null || time.GetUtcNow() - looked > OrphanInterval)
                {
                    Tell(await leftovers.DeleteOrphansAsync(stoppingToken));
                    looked = time.GetUtcNow();
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException || e.MeansRedisIsAway())
            {
                LogNotRemoved(e);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private void Tell(int count)
    {
        if (count > 0)
        {
            LogRemoved(count);
        }
    }

    [LoggerMessage(LogLevel.Information, "Removed {Count} files that were left over in the artifact store")]
    private partial void LogRemoved(int count);

    [LoggerMessage(LogLevel.Warning, "Files that are left over in the artifact store could not be removed this time")]
    private partial void LogNotRemoved(Exception e);
}
