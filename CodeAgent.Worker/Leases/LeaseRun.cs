using CodeAgent.Contracts;
using CodeAgent.Worker.Api;
using CodeAgent.Worker.Workspaces;
using CodeAgent.Worker.Workspaces.Disk;

namespace CodeAgent.Worker.Leases;

/// <summary>Brings one lease from its claim to its end, whichever that is, and leaves nothing behind.</summary>
internal sealed partial class LeaseRun(Lease lease, LeaseServices services, ILogger logger)
{
    // Agents end by themselves when their time is up; this is for one that does not.
    private static readonly TimeSpan Overtime = TimeSpan.FromSeconds(20);

    // A worker that is being stopped has some seconds in all. What does not get through in these, the lapse of the lease settles.
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(4);

    // Long enough for a large patch; an Api that refuses it for so long, its disk being full, must not hold the task for ever.
    private static readonly TimeSpan LongestStep = TimeSpan.FromMinutes(2);

    private readonly LeaseApi _api = services.Api.For(lease);

    /// <summary>Runs the lease; returns how it ended, in a word.</summary>
    /// <exception cref="LeaseLostException">The lease was over before its work was.</exception>
    /// <exception cref="OperationCanceledException">The lease was over before its work was, or the worker had no time left.</exception>
    public async Task<string> RunAsync(CancellationToken draining)
    {
        var time = services.Time;
        var left = TimeSpan.FromMinutes(lease.Request.Limits.Minutes) - TimeSpan.FromSeconds(lease.SecondsUsed);
        await using var keeper = new LeaseKeeper(_api, lease, services.Options().LeasePatience, time, logger);
        await using var stopOnDrain = draining.Register(() => keeper.StopWork(StopReason.Draining));
        await using var stopLate = time.CreateTimer(_ => keeper.StopWork(StopReason.OutOfTime), null, left < TimeSpan.Zero ? Overtime : left + Overtime, Timeout.InfiniteTimeSpan);
        await using var held = await HeldFolder.AcquireAsync(services.Folders.FolderOf(lease.TaskId, lease.Fence), time, keeper.Lost);
        await using var quota = new WorkspaceQuota(held.Folder, services.Options, time, () => keeper.StopWork(StopReason.OverQuota));
        await using var log = new TaskLog(held.Folder.Log);
        await log.NoteAsync(time.GetUtcNow(), $"attempt {lease.Attempt} begins with the agent {lease.Request.Agent.Name}, after turn {lease.Checkpoint?.Turn ?? 0}", keeper.Lost);
        await using var events = new EventQueue(_api, log, keeper, time);

        var work = new LeaseWork(lease, services, _api, keeper, events, held.Folder, time.GetUtcNow() + left);
        var end = await WorkAsync(work, keeper);
        keeper.Lost.ThrowIfCancellationRequested();

        using var farewell = CancellationTokenSource.CreateLinkedTokenSource(keeper.Lost);
        await using var hurryOnDrain = draining.Register(() => farewell.CancelAfter(Farewell));
        if (end is { Outcome: Outcome.Failed })
        {
            // To look through a folder that is too large would make it larger still.
            await TryAsync("patch", token => work.UploadPatchAsync(asCheckpointed: keeper.Reason == StopReason.OverQuota, token), farewell.Token);
        }

        await TryAsync("events", events.FlushAsync, farewell.Token);
        var reason = keeper.Reason == StopReason.GivenBack ? "the operator wants it back" : "the worker is being stopped";
        await TryAsync("last line of the log", token => log.NoteAsync(time.GetUtcNow(), Describe(end, reason), token), farewell.Token);
        await TryAsync("log", token => _api.UploadAsync("log", "text/plain; charset=utf-8", log.Path, token), farewell.Token);
        keeper.Close();
        if (end is null)
        {
            await _api.ReleaseAsync(new() { Reason = reason }, farewell.Token);
            return "released";
        }

        await _api.CompleteAsync(end, farewell.Token);
        return end.Failure?.Code ?? Name(end.Outcome);
    }

    /// <summary>Does the work. No end: the lease is to be given back.</summary>
    private async Task<CompleteRequest?> WorkAsync(LeaseWork work, LeaseKeeper keeper)
    {
        CompleteRequest end;
        try
        {
            end = await work.RunAsync(keeper.Stop);
        }
        catch (TaskFailedException e)
        {
            end = work.Failed(e.Failure);
        }
        catch (LeaseLostException e)
        {
            keeper.GiveUp(e.Message);
            throw;
        }
        catch (Exception e) when (keeper.Reason != StopReason.None)
        {
            // Whatever it says, it comes of being stopped.
            LogStopped(keeper.Reason, e.Message);
            end = work.Failed(new(FailureCodes.LimitReached, $"The limit of {lease.Request.Limits.Minutes} minutes was reached."));
        }
        catch (Exception e)
        {
            LogUnforeseen(e);
            end = work.Failed(new(FailureCodes.WorkerError, e.Message));
        }

        return (end.Outcome, keeper.Reason) switch
        {
            (Outcome.Failed, StopReason.Canceled) => end with { Outcome = Outcome.Canceled, Failure = null },
            (Outcome.Failed, StopReason.Draining or StopReason.GivenBack) => null,
            (Outcome.Failed, StopReason.OverQuota) => end with
            {
                Failure = new(FailureCodes.LimitReached, $"The task's folder grew over the limit of {services.Options().Disk.WorkspaceLimitGiB} GiB."),
            },
            _ => end,
        };
    }

    private static string Describe(CompleteRequest? end, string reason) => end switch
    {
        null => $"given back: {reason}",
        { Failure: { } failure } => $"failed: {failure.Code}: {failure.Message}",
        { Question: { } question } => $"waits for an answer: {question.Text}",
        _ => Name(end.Outcome),
    };

    private static string Name(Outcome outcome) => System.Text.Json.JsonNamingPolicy.SnakeCaseLower.ConvertName($"{outcome}");

    // How the task ended must get through, even if something that goes with it does not.
    private async Task TryAsync(string what, Func<CancellationToken, Task> step, CancellationToken cancellationToken)
    {
        using var timer = new CancellationTokenSource(LongestStep, services.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, cancellationToken);
        try
        {
            await step(either.Token);
        }
        catch (Exception e) when (e is ApiRefusedException or GitException or IOException or TaskFailedException
            || (e is OperationCanceledException && timer.IsCancellationRequested && !cancellationToken.IsCancellationRequested))
        {
            LogLeftOut(what, e);
        }
    }

    [LoggerMessage(LogLevel.Information, "Stopped ({Reason}): {Message}")]
    private partial void LogStopped(StopReason reason, string message);

    [LoggerMessage(LogLevel.Error, "The attempt failed in a way that was not foreseen")]
    private partial void LogUnforeseen(Exception exception);

    [LoggerMessage(LogLevel.Error, "The task ends without its {What}")]
    private partial void LogLeftOut(string what, Exception exception);
}
