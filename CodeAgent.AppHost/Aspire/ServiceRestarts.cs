namespace CodeAgent.AppHost;

/// <summary>
/// Starts a service again that ended by itself, which Aspire does not: after a second, then two, four, and so on up to half a
/// minute. One that somebody stopped, on the dashboard for instance, stays stopped.
/// </summary>
internal sealed partial class ServiceRestarts(ResourceCommandService commands, ILogger<ServiceRestarts> logger)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan GoodRun = TimeSpan.FromMinutes(1);

    private readonly TimeProvider _time = TimeProvider.System;
    private readonly Dictionary<string, Replica> _replicas = [];

    /// <summary>Takes note of a change, one after the other; the pause and the start go on by themselves.</summary>
    public void Note(ResourceEvent change, CancellationToken stopping)
    {
        if (change.Resource is not ProjectResource)
        {
            return;
        }

        if (!_replicas.TryGetValue(change.ResourceId, out var replica))
        {
            _replicas[change.ResourceId] = replica = new Replica();
        }

        var state = change.Snapshot.State?.Text;
        if (state == KnownResourceStates.Running && replica.State != state)
        {
            replica.Since = _time.GetTimestamp();
        }
        else if (IsEnd(state) && replica.State == KnownResourceStates.Running)
        {
            replica.Pause = _time.GetElapsedTime(replica.Since) > GoodRun || replica.Pause == default ? FirstPause
                : replica.Pause * 2 < LongestPause ? replica.Pause * 2 : LongestPause;
            LogEnded(change.ResourceId, change.Snapshot.ExitCode, replica.Pause.TotalSeconds);
            _ = StartAsync(change.ResourceId, replica.Pause, stopping);
        }

        replica.State = state;
    }

    private async Task StartAsync(string id, TimeSpan pause, CancellationToken stopping)
    {
        try
        {
            await Task.Delay(pause, _time, stopping);
            var result = await commands.ExecuteCommandAsync(id, KnownResourceCommands.StartCommand, stopping);
            if (!result.Success)
            {
                LogFailed(id, result.Message);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The system stops.
        }
    }

    private static bool IsEnd(string? state) => state is not null && KnownResourceStates.TerminalStates.Contains(state);

    [LoggerMessage(LogLevel.Error, "{Name} ended by itself with code {Code}; starting it again in {Seconds} s")]
    private partial void LogEnded(string name, int? code, double seconds);

    [LoggerMessage(LogLevel.Error, "{Name} could not be started again: {Reason}")]
    private partial void LogFailed(string name, string? reason);

    private sealed class Replica
    {
        public string? State { get; set; }

        public long Since { get; set; }

        public TimeSpan Pause { get; set; }
    }
}
