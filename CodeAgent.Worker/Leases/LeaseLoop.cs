using System.Globalization;
using CodeAgent.Contracts;
using CodeAgent.Worker.Api;
using CodeAgent.Worker.Configuration;
using CodeAgent.Worker.Workspaces.Disk;

namespace CodeAgent.Worker.Leases;

/// <summary>Claims tasks up to the worker's capacity, and gives them back when the worker is being stopped.</summary>
internal sealed partial class LeaseLoop(WorkApi api, LeaseRunner runner, DiskGuard disk, CurrentOptions options, IConfiguration configuration, TimeProvider time, ILogger<LeaseLoop> logger) : BackgroundService
{
    private const int WaitSeconds = 20;
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan CapacityCheck = TimeSpan.FromSeconds(5);
    private readonly string _name = configuration["WORKER_NAME"] is { Length: > 0 } name ? name
        : string.Create(CultureInfo.InvariantCulture, $"{Environment.MachineName}-{Environment.ProcessId}");

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var running = new List<Task>();
        LogReady(_name, string.Join(", ", runner.Agents));
        try
        {
            while (true)
            {
                running.RemoveAll(task => task.IsCompleted);
                if (running.Count >= options().Capacity || !disk.HasRoom())
                {
                    // The capacity may be raised meanwhile, and the disk may get room.
                    await Task.WhenAny([.. running, Task.Delay(CapacityCheck, time, stoppingToken)]).WaitAsync(stoppingToken);
                }
                else if (await ClaimAsync(running.Count, stoppingToken) is { } lease)
                {
                    running.Add(runner.RunAsync(lease, stoppingToken));
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            LogStopping(running.Count(task => !task.IsCompleted));
        }

        await Task.WhenAll(running);
    }

    private async Task<Lease?> ClaimAsync(int running, CancellationToken cancellationToken)
    {
        var pause = FirstPause;
        while (true)
        {
            try
            {
                var lease = await api.ClaimAsync(
                    new() { Worker = _name, Agents = runner.Agents, Capacity = options().Capacity, Running = running, WaitSeconds = WaitSeconds }, cancellationToken);
                if (pause > FirstPause)
                {
                    LogBack();
                }

                return lease;
            }
            catch (Exception e) when (e is ApiUnavailableException or ApiRefusedException or LeaseLostException)
            {
                if (pause == FirstPause)
                {
                    LogNoClaims(e.Message);
                }
            }

            // Not all workers at once, when the Api comes back.
            await Task.Delay(pause * (0.5 + Random.Shared.NextDouble()), time, cancellationToken);
            pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
        }
    }

    [LoggerMessage(LogLevel.Information, "Worker {Name} is ready, with the agents {Agents}")]
    private partial void LogReady(string name, string agents);

    [LoggerMessage(LogLevel.Warning, "The Api gives out no work, asking again until it does: {Reason}")]
    private partial void LogNoClaims(string reason);

    [LoggerMessage(LogLevel.Information, "The Api is back")]
    private partial void LogBack();

    [LoggerMessage(LogLevel.Information, "Stopping: giving {Count} leases back")]
    private partial void LogStopping(int count);
}
