using CodeAgent.AppHost.Settings;

namespace CodeAgent.AppHost.Local.Dashboard;

/// <summary>
/// The Aspire dashboard, installed from npm at the first start. Nothing waits for it, and the system runs without it where
/// it cannot be had.
/// </summary>
internal sealed partial class DashboardProcess(AppHostSettings settings, IHttpClientFactory http, TimeProvider time, ILogger<DashboardProcess> logger) : IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private readonly CancellationTokenSource _stopping = new();
    private readonly AspireCli _cli = new(Path.Combine(settings.Home, "artifacts", "tools"));
    private Task _running = Task.CompletedTask;

    /// <summary>What is to be said of it now.</summary>
    public string State { get; private set; } = "off";

    public int? Pid { get; private set; }

    public void Start() => _running = RunAsync(_stopping.Token);

    public async Task StopAsync()
    {
        await _stopping.CancelAsync();
        await _running;
    }

    public void Dispose() => _stopping.Dispose();

    private async Task RunAsync(CancellationToken stopping)
    {
        await using var log = new LogFile(Path.Combine(settings.Data.Logs, "dashboard.log"));
        try
        {
            if (!_cli.IsInstalled)
            {
                State = "being installed, this once";
                await _cli.InstallAsync(log, stopping);
            }

            State = "starting";
            await using var process = _cli.StartDashboard(settings, log);
            Pid = process.Id;
            using var ended = CancellationTokenSource.CreateLinkedTokenSource(stopping);
            var up = SayWhenUpAsync(ended.Token);
            await process.WaitAsync(stopping);
            await ended.CancelAsync();
            await up;
            throw new AspireCliException($"it ended by itself; {Path.Combine(settings.Data.Logs, "dashboard.log")} says more");
        }
        catch (AspireCliException e)
        {
            State = "not available";
            LogUnavailable(e.Message);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            State = "off";
        }

        Pid = null;
    }

    private async Task SayWhenUpAsync(CancellationToken ended)
    {
        using var client = http.CreateClient();
        client.Timeout = Patience;
        try
        {
            while (!await AnswersAsync(client, ended))
            {
                await Task.Delay(Interval, time, ended);
            }

            State = "up";
            LogUp(settings.DashboardUrl);
        }
        catch (OperationCanceledException) when (ended.IsCancellationRequested)
        {
            // Nothing to say then.
        }
    }

    private async Task<bool> AnswersAsync(HttpClient client, CancellationToken ended)
    {
        try
        {
            using var answer = await client.GetAsync(new Uri(settings.DashboardUrl), ended);
            return answer.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
        catch (OperationCanceledException) when (!ended.IsCancellationRequested)
        {
            return false;
        }
    }

    [LoggerMessage(LogLevel.Information, "The dashboard is up at {Url}")]
    private partial void LogUp(string url);

    [LoggerMessage(LogLevel.Warning, "The system runs without a dashboard: {Reason}")]
    private partial void LogUnavailable(string reason);
}
