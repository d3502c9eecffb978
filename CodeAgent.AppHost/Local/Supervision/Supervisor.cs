using CodeAgent.AppHost.Local.Dashboard;
using CodeAgent.AppHost.Settings;

namespace CodeAgent.AppHost.Local;

/// <summary>
/// Starts the services in the order of their waits, keeps them running, and stops them in the reverse order: a worker gives
/// its tasks back to an Api that is still there.
/// </summary>
internal sealed class Supervisor(
    IEnumerable<ProjectResource> projects,
    AppHostSettings settings,
    DashboardProcess dashboard,
    IHttpClientFactory http,
    TimeProvider time,
    ILogger<ServiceProcess> logger) : IHostedService, IDisposable
{
    // All of it ends within 10 s: those that wait for others first, then the others, then the dashboard.
    private static readonly TimeSpan FirstPatience = TimeSpan.FromSeconds(4);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2.5);

    private readonly List<ServiceProcess> _services = [];
    private Task[] _running = [];

    public IEnumerable<ServiceProcess> Services => _services;

    /// <summary>Raised when a service runs under another process id.</summary>
    public event Action? Changed;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        if (settings.Dashboard)
        {
            dashboard.Start();
        }

        foreach (var project in projects)
        {
            for (var replica = 1; replica <= project.Replicas; replica++)
            {
                var name = project.Replicas == 1 ? project.Name : $"{project.Name}-{replica}";
                var service = new ServiceProcess(project, name, project.Port ?? Ports.Free(), settings, http.CreateClient(), time, logger);
                service.Started += () => Changed?.Invoke();
                _services.Add(service);
            }
        }

        _running = [.. _services.Select(service => service.RunAsync(
            Task.WhenAll(_services.Where(other => service.Project.WaitsFor.Contains(other.Project)).Select(other => other.Healthy))))];
        return Task.CompletedTask;
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        foreach (var level in _services.Index().GroupBy(service => Depth(service.Item.Project)).OrderByDescending(level => level.Key))
        {
            await Task.WhenAll(level.Select(service => service.Item.StopAsync(level.Key > 0 ? FirstPatience : Patience, _running[service.Index])));
        }

        await dashboard.StopAsync();
    }

    public void Dispose() => _services.ForEach(service => service.Dispose());

    private static int Depth(ProjectResource project) => project.WaitsFor.Count == 0 ? 0 : 1 + project.WaitsFor.Max(Depth);
}
