using CodeAgent.Worker.Processes;
using Docker.DotNet;

namespace CodeAgent.Worker.Sandboxes.Containers;

/// <summary>Removes the containers of workers that were killed. At the start, and every minute.</summary>
internal sealed partial class ContainerJanitor(SandboxProbe probe, TimeProvider time, ILogger<ContainerJanitor> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    /// <summary>Looks through them once.</summary>
    public async Task SweepAsync(CancellationToken cancellationToken)
    {
        if ((await probe.GetAsync(cancellationToken)).Engine is not { } engine)
        {
            return;
        }

        var here = await WorkerMark.Here;
        var labelled = new Dictionary<string, IDictionary<string, bool>> { ["label"] = new Dictionary<string, bool> { [ContainerLabels.Worker] = true } };
        foreach (var container in await engine.Client.Containers.ListContainersAsync(new() { All = true, Filters = labelled }, cancellationToken))
        {
            if (WorkerMark.Parse(container.Labels[ContainerLabels.Worker]) is { } mark && await WorkerMark.LivesAsync(mark, here, cancellationToken) == false)
            {
                await engine.TryAsync(client => client.Containers.RemoveContainerAsync(container.ID, new() { Force = true, RemoveVolumes = true }, cancellationToken));
                LogRemoved(container.ID, mark.Id);
            }
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        do
        {
            try
            {
                await SweepAsync(stoppingToken);
            }
            catch (Exception e) when (e is DockerApiException or HttpRequestException or IOException or TimeoutException)
            {
                LogAway(e.Message);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    [LoggerMessage(LogLevel.Information, "Removed the container {Container}, left over from worker {Worker}, which is gone")]
    private partial void LogRemoved(string container, int worker);

    [LoggerMessage(LogLevel.Warning, "The engine for containers could not be asked for what is left over: {Reason}")]
    private partial void LogAway(string reason);
}
