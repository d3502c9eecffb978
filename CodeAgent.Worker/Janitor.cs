namespace CodeAgent.Worker;

/// <summary>Cleans up at the start, and every now and then. What fails is logged and tried again: no clean-up is worth the leases of a worker that ends over it.</summary>
internal static partial class Janitor
{
    /// <summary>Runs until it is stopped.</summary>
    public static async Task RunAsync(Func<CancellationToken, Task> sweepAsync, TimeSpan interval, TimeProvider time, ILogger logger, CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(interval, time);
        do
        {
            try
            {
                await sweepAsync(stoppingToken);
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                LogFailed(logger, e);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    [LoggerMessage(LogLevel.Error, "What is left over could not be looked through; tried again soon")]
    private static partial void LogFailed(ILogger logger, Exception exception);
}
