using System.Globalization;
using Microsoft.Extensions.Options;

namespace CodeAgent.ServiceDefaults.Lifetime;

/// <summary>
/// Stops the service when the process that started it is gone, however it went. Whoever starts a service names itself in
/// the environment variable <see cref="Variable"/> as <c>pid</c>; without the variable nothing is watched.
/// </summary>
internal sealed partial class ParentWatch(
    int parent, IHostApplicationLifetime lifetime, IOptions<HostOptions> host, ILogger<ParentWatch> logger, TimeProvider time) : BackgroundService
{
    public const string Variable = "CODEAGENT_PARENT_PID";
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Haste = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    private readonly CancellationTokenSource _disposed = new();

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var identity = await IdentityAsync(parent, stoppingToken);
        using var timer = new PeriodicTimer(Interval, time);
        while (identity is not null && await timer.WaitForNextTickAsync(stoppingToken))
        {
            if (await IdentityAsync(parent, stoppingToken) != identity)
            {
                identity = null;
            }
        }

        // Redis may have gone with it, and the other services go as well: there is little to wait for.
        LogParentGone(parent);
        host.Value.ShutdownTimeout = Haste;
        lifetime.StopApplication();
        _ = EndAsync(_disposed.Token);
    }

    public override void Dispose()
    {
        _disposed.Cancel();
        _disposed.Dispose();
        base.Dispose();
    }

    // Nobody is left who would end a service that hangs while it stops; telemetry is sent until the very end, for instance,
    // and whoever took it is gone.
    private async Task EndAsync(CancellationToken disposed)
    {
        try
        {
            await Task.Delay(Patience, time, disposed);
        }
        catch (OperationCanceledException) when (disposed.IsCancellationRequested)
        {
            return;
        }

        LogHangs();
        using var self = System.Diagnostics.Process.GetCurrentProcess();
        self.Kill();
    }

    // A number alone can be taken by another process, and a killed process stays in the table until it is collected:
    // so the start time counts too, and a zombie counts as gone. /proc/PID/stat, fields 3 and 22 (proc_pid_stat(5)).
    private static async Task<string?> IdentityAsync(int pid, CancellationToken cancellationToken)
    {
        if (!OperatingSystem.IsLinux())
        {
            try
            {
                using var process = System.Diagnostics.Process.GetProcessById(pid);
                return process.StartTime.Ticks.ToString(CultureInfo.InvariantCulture);
            }
            catch (Exception e) when (e is ArgumentException or InvalidOperationException)
            {
                return null;
            }
        }

        try
        {
            var stat = await File.ReadAllTextAsync($"/proc/{pid}/stat", cancellationToken);
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return fields[0] is "Z" or "X" ? null : fields[19];
        }
        catch (IOException)
        {
            return null;
        }
    }

    [LoggerMessage(LogLevel.Warning, "Process {Parent}, which started this service, is gone: stopping")]
    private partial void LogParentGone(int parent);

    [LoggerMessage(LogLevel.Error, "The service did not stop in time and ends itself")]
    private partial void LogHangs();
}
