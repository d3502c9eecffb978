using CodeAgent.AppHost.Local.Dashboard;
using CodeAgent.AppHost.Run;
using CodeAgent.AppHost.Settings;

namespace CodeAgent.AppHost.Local;

/// <summary>The system as the subset runs it.</summary>
internal sealed partial class LocalSystem(
    Supervisor supervisor, RedisResource redis, DashboardProcess dashboard, AppHostSettings settings, TimeProvider time, ILogger<LocalSystem> logger) : IRunningSystem
{
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(15);

    public string Kind => "without the Aspire packages";

    public string? Dashboard => settings.Dashboard ? $"{settings.DashboardUrl}    ({dashboard.State})" : null;

    public string Logs => Announcement.Short(settings.Data.Logs);

    public IReadOnlyDictionary<string, int> Pids
    {
        get
        {
            var pids = supervisor.Services.Select(service => (service.Name, service.Pid));
            return pids.Append(("dashboard", dashboard.Pid)).Where(pid => pid.Item2 is not null).ToDictionary(pid => pid.Item1, pid => pid.Item2!.Value);
        }
    }

    public event Action? Changed
    {
        add => supervisor.Changed += value;
        remove => supervisor.Changed -= value;
    }

    public async Task WaitUntilReadyAsync(CancellationToken cancellationToken)
    {
        var ready = Task.WhenAll(supervisor.Services.Select(service => service.Healthy));
        while (await Task.WhenAny(ready, Task.Delay(Silence, time, cancellationToken)) != ready)
        {
            cancellationToken.ThrowIfCancellationRequested();
            LogWaiting(string.Join(", ", supervisor.Services.Where(service => !service.Healthy.IsCompleted).Select(service => service.Name)), Logs);
        }

        await ready;
    }

    public Task<string> RedisAsync(CancellationToken cancellationToken) => Task.FromResult(redis.ConnectionString);

    [LoggerMessage(LogLevel.Warning, "Not healthy yet: {Names}; {Logs} has what they say")]
    private partial void LogWaiting(string names, string logs);
}
