using System.Collections.Concurrent;
using CodeAgent.AppHost.Run;
using CodeAgent.AppHost.Settings;

namespace CodeAgent.AppHost;

/// <summary>The system as Aspire runs it.</summary>
internal sealed class AspireSystem(
    ResourceNotificationService notifications, DistributedApplicationModel model, ServiceRestarts restarts, AppHostSettings settings, IConfiguration configuration)
    : IRunningSystem
{
    private readonly ConcurrentDictionary<string, int> _pids = new();

    public string Kind => "with Aspire";

    // The token is the dashboard's key; without it one would have to be copied from its log.
    public string? Dashboard => !settings.Dashboard ? null
        : configuration["AppHost:BrowserToken"] is { Length: > 0 } token ? $"{settings.DashboardUrl}/login?t={token}"
        : settings.DashboardUrl;

    public string Logs => "on the dashboard";

    public IReadOnlyDictionary<string, int> Pids => _pids;

    public event Action? Changed;

    public async Task WaitUntilReadyAsync(CancellationToken cancellationToken)
    {
        _ = WatchAsync(cancellationToken);
        await Task.WhenAll(model.GetProjectResources().Select(project => notifications.WaitForResourceHealthyAsync(project.Name, cancellationToken)));
    }

    public async Task<string> RedisAsync(CancellationToken cancellationToken) =>
        await model.Resources.OfType<IResourceWithConnectionString>().Single(resource => resource.Name == "redis").GetConnectionStringAsync(cancellationToken) ?? "";

    private async Task WatchAsync(CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var change in notifications.WatchAsync(cancellationToken))
            {
                restarts.Note(change, cancellationToken);

                // Aspire's id of a replica has a suffix of its own: worker-abcdefgh.
                if (change.Resource is ProjectResource
                    && change.Snapshot.Properties.FirstOrDefault(property => property.Name == "executable.pid")?.Value is int pid
                    && (!_pids.TryGetValue(change.ResourceId, out var before) || before != pid))
                {
                    _pids[change.ResourceId] = pid;
                    Changed?.Invoke();
                }
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The system stops.
        }
    }
}
