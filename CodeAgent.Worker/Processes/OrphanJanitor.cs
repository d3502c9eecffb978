namespace CodeAgent.Worker.Processes;

/// <summary>
/// Ends the processes of agents whose worker was killed: nobody else would. And collects the ended ones that became children
/// of this worker. At the start, and every few seconds.
/// </summary>
internal sealed partial class OrphanJanitor(TimeProvider time, ILogger<OrphanJanitor> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(3);
    private HashSet<ProcessEntry> _ended = [];

    /// <summary>Looks through the processes once.</summary>
    public async Task SweepAsync(CancellationToken cancellationToken)
    {
        var here = await WorkerMark.Here;
        var all = await ProcessTable.ListAsync(cancellationToken);
        Collect([.. all.Where(process => process.Ended && process.Parent == Environment.ProcessId)]);
        foreach (var process in all.Where(process => !process.Ended))
        {
            var mark = WorkerMark.Parse(await ProcessTable.VariableAsync(process.Id, WorkerMark.Variable, cancellationToken));
            if (mark is not null && mark != here && await WorkerMark.LivesAsync(mark, here, cancellationToken) == false)
            {
                Signals.Send(process.Id, Signals.Kill);
                LogEnded(process.Id, mark.Id);
            }
        }
    }

    // The framework collects its own children at once. One that still waits at the next look is none of its.
    private void Collect(HashSet<ProcessEntry> ended)
    {
        foreach (var process in ended.Intersect(_ended))
        {
            Subreaper.Collect(process.Id);
        }

        _ended = ended;
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Janitor.RunAsync(SweepAsync, Interval, time, logger, stoppingToken);

    [LoggerMessage(LogLevel.Information, "Ended process {Process}, left over from worker {Worker}, which is gone")]
    private partial void LogEnded(int process, int worker);
}
