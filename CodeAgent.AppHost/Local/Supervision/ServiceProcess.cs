using System.ComponentModel;
using System.Diagnostics;
using CodeAgent.AppHost.Settings;

namespace CodeAgent.AppHost.Local;

/// <summary>
/// One process of a service. People leave the system running for days, so one that ends by itself is started again: after a
/// second, then two, four, and so on up to half a minute.
/// </summary>
internal sealed partial class ServiceProcess(
    ProjectResource project, string name, int port, AppHostSettings settings, HttpClient http, TimeProvider time, ILogger logger) : IDisposable
{
    private const int LongestLine = 200;
    private static readonly TimeSpan HealthInterval = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan HealthPatience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan GoodRun = TimeSpan.FromMinutes(1);

    private readonly CancellationTokenSource _stopping = new();
    private readonly TaskCompletionSource _healthy = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TimeSpan _patience;

    public string Name => name;

    public ProjectResource Project => project;

    /// <summary>Null while it does not run.</summary>
    public int? Pid { get; private set; }

    /// <summary>Done when it was healthy for the first time.</summary>
    public Task Healthy => _healthy.Task;

    public event Action? Started;

    /// <summary>Runs the service until it is told to stop.</summary>
    public async Task RunAsync(Task waits)
    {
        var stopping = _stopping.Token;
        await using var log = new LogFile(Path.Combine(settings.Data.Logs, $"{name}.out.log"));
        try
        {
            await waits.WaitAsync(stopping);
            for (var pause = FirstPause; ; pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
            {
                var start = time.GetTimestamp();
                var code = await RunOnceAsync(log, stopping);
                stopping.ThrowIfCancellationRequested();
                pause = time.GetElapsedTime(start) > GoodRun ? FirstPause : pause;
                LogEnded(name, code, pause.TotalSeconds, string.Concat(log.Last.Select(line => $"{Environment.NewLine}    {Clip(line)}")));
                await Task.Delay(pause, time, stopping);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            _healthy.TrySetCanceled(stopping);
        }
        catch (Win32Exception e)
        {
            _healthy.TrySetException(new SettingsException($"{name} does not start: {e.Message}. Has the solution been built?"));
        }
    }

    /// <summary>Asks the process to end, and ends it when that takes too long.</summary>
    public async Task StopAsync(TimeSpan patience, Task running)
    {
        _patience = patience;
        await _stopping.CancelAsync();
        await running;
    }

    public void Dispose()
    {
        _stopping.Dispose();
        http.Dispose();
    }

    private async Task<int> RunOnceAsync(LogFile log, CancellationToken stopping)
    {
        using var process = Process.Start(StartInfo())!;
        Pid = process.Id;
        Started?.Invoke();
        process.StandardInput.Close();
        var output = log.CopyAsync(process);
        using var gone = new CancellationTokenSource();
        var health = WatchHealthAsync(gone.Token);

        try
        {
            await process.WaitForExitAsync(stopping);
        }
        catch (OperationCanceledException)
        {
            await EndAsync(process);
        }

        Pid = null;
        await gone.CancelAsync();
        await health;
        await output;
        return process.ExitCode;
    }

    private async Task EndAsync(Process process)
    {
        Signals.Terminate(process);
        using var patience = new CancellationTokenSource(_patience, time);
        try
        {
            await process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            LogKilled(name, _patience.TotalSeconds);
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync(CancellationToken.None);
        }
    }

    private async Task WatchHealthAsync(CancellationToken gone)
    {
        try
        {
            while (!_healthy.Task.IsCompleted)
            {
                if (await IsHealthyAsync(gone))
                {
                    _healthy.TrySetResult();
                }
                else
                {
                    await Task.Delay(HealthInterval, time, gone);
                }
            }
        }
        catch (OperationCanceledException) when (gone.IsCancellationRequested)
        {
            // The process has ended; the next one is watched anew.
        }
    }

    private async Task<bool> IsHealthyAsync(CancellationToken gone)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(gone);
        patience.CancelAfter(HealthPatience);
        try
        {
            using var answer = await http.GetAsync(new Uri($"http://127.0.0.1:{port}{project.HealthPath}"), patience.Token);
            return answer.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
        catch (OperationCanceledException) when (!gone.IsCancellationRequested)
        {
            return false;
        }
    }

    private ProcessStartInfo StartInfo()
    {
        var start = ServiceProgram.Find(project.Assembly);
        start.WorkingDirectory = settings.Home;
        start.RedirectStandardInput = true;
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        start.Environment["ASPNETCORE_URLS"] = $"http://127.0.0.1:{port}";
        start.Environment["OTEL_SERVICE_NAME"] = project.Name;
        start.Environment["OTEL_RESOURCE_ATTRIBUTES"] = $"service.instance.id={name}";
        if (settings.Dashboard)
        {
            start.Environment["OTEL_EXPORTER_OTLP_ENDPOINT"] = settings.OtlpUrl;
        }

        // In development a service writes its log into files of its own: what it prints is what it has to say beside that, such as why it crashed.
        if (settings.Environment == Environments.Development)
        {
            start.Environment["Logging__ZLoggerConsole__LogLevel__Default"] = nameof(LogLevel.None);
        }

        foreach (var (variable, value) in project.Environment)
        {
            start.Environment[variable] = value();
        }

        return start;
    }

    // The file has all of it.
    private static string Clip(string line) => line.Length <= LongestLine ? line : line[..LongestLine] + "…";

    [LoggerMessage(LogLevel.Error, "{Name} ended by itself with code {Code}; starting it again in {Seconds} s. Its last lines:{Lines}")]
    private partial void LogEnded(string name, int code, double seconds, string lines);

    [LoggerMessage(LogLevel.Warning, "{Name} did not stop within {Seconds} s and was ended")]
    private partial void LogKilled(string name, double seconds);
}
