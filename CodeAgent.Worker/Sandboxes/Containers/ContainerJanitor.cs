using System.Collections.Concurrent;
using CodeAgent.Worker.Processes;

namespace CodeAgent.Worker.Sandboxes.Containers;

/// <summary>Removes the containers of workers that were killed, and those of this one that it could not remove itself. At the start, and every minute.</summary>
internal sealed partial class ContainerJanitor(SandboxProbe probe, TimeProvider time, ILogger<ContainerJanitor> logger) : BackgroundService
{
    /// <summary>The containers of this worker that are in use.</summary>
    public static readonly ConcurrentDictionary<string, bool> Running = new();

    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    // Between its making and its entry above there is a moment.
    private static readonly TimeSpan Youngest = TimeSpan.FromMinutes(2);

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
            if (WorkerMark.Parse(container.Labels[ContainerLabels.Worker]) is { } mark && (mark == here
                ? !Running.ContainsKey(container.ID) && time.GetUtcNow() - container.Created.ToUniversalTime() > Youngest
                : await WorkerMark.LivesAsync(mark, here, cancellationToken) == false))
            {
                await engine.TryAsync(client => client.Containers.RemoveContainerAsync(container.ID, new() { Force = true, RemoveVolumes = true }, cancellationToken));
                LogRemoved(container.ID, mark.Id);
            }
        }
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Janitor.RunAsync(SweepAsync, Interval, time, logger, stoppingToken);

    [LoggerMessage(LogLevel.Information, "Removed the container {Container}, left over from worker {Worker}, which is gone")]
    private partial void LogRemoved(string container, int worker);
}
