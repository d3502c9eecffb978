namespace CodeAgent.Worker.Processes;

/// <summary>Ends the processes of agents whose worker was killed: nobody else would. At the start, and every few seconds.</summary>
internal sealed partial class OrphanJanitor(TimeProvider time, ILogger<OrphanJanitor> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(3);

    /// <summary>Looks through the processes once.</summary>
    public async Task SweepAsync(CancellationToken cancellationToken)
    {
        var here = await WorkerMark.OfThisProcessAsync(cancellationToken);
        foreach (var process in await ProcessTable.ListAsync(cancellationToken))
        {
            var mark = WorkerMark.Parse(await ProcessTable.VariableAsync(process.Id, WorkerMark.Variable, cancellationToken));
            if (mark is not null && mark != here && await WorkerMark.LivesAsync(mark, here, cancellationToken) == false)
            {
                Signals.Send(process.Id, Signals.Kill);
                LogEnded(process.Id, mark.Id);
            }
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        do
        {
            await SweepAsync(stoppingToken);
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    [LoggerMessage(LogLevel.Information, "Ended process {Process}, left over from worker {Worker}, which is gone")]
    private partial void LogEnded(int process, int worker);
}
