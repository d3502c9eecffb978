using CodeAgent.Contracts;
using CodeAgent.Worker.Api;

namespace CodeAgent.Worker.Leases;

/// <summary>Why the work of a lease stops before its end.</summary>
internal enum StopReason
{
    /// <summary>It does not.</summary>
    None,

    /// <summary>Somebody asked for the end.</summary>
    Canceled,

    /// <summary>The worker is being stopped.</summary>
    Draining,

    /// <summary>The operator wants the task back; the worker stays.</summary>
    GivenBack,

    /// <summary>The time of the task is used up, and the agent did not notice.</summary>
    OutOfTime,

    /// <summary>The task's folder is larger than it may be.</summary>
    OverQuota,

    /// <summary>The lease is over.</summary>
    Lost,
}

/// <summary>
/// Keeps a lease alive by heartbeats, and hears through them what the work must know: that it is to stop, and what people write
/// to the agent. Gives the lease up when the Api was silent for too long: then another worker may have it.
/// </summary>
internal sealed partial class LeaseKeeper : IAsyncDisposable
{
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan TooSoon = TimeSpan.FromMilliseconds(200);
    private readonly LeaseApi _api;
    private readonly Lease _lease;
    private readonly TimeSpan _patience;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stop = new();
    private readonly CancellationTokenSource _end = new();
    private readonly CancellationTokenSource _lost;
    private readonly Task _beating;
    private volatile FollowUp[] _messages = [];
    private int _reason;
    private volatile bool _closing;
    private volatile bool _endsWithTurn;

    /// <summary>Begins at once.</summary>
    public LeaseKeeper(LeaseApi api, Lease lease, TimeSpan patience, TimeProvider time, ILogger logger)
    {
        (_api, _lease, _patience, _time, _logger) = (api, lease, patience, time, logger);
        _messages = [.. lease.Messages];
        _lost = new(patience, time);
        Lost = _lost.Token;
        Stop = _stop.Token;
        Lost.Register(() => StopWork(StopReason.Lost));
        _beating = BeatAsync();
    }

    /// <summary>Canceled when the work must stop, whyever.</summary>
    public CancellationToken Stop { get; }

    /// <summary>Canceled when nothing more can be written under the lease.</summary>
    public CancellationToken Lost { get; }

    /// <summary>Why the work must stop; the first reason counts, unless the lease is lost.</summary>
    public StopReason Reason => (StopReason)Volatile.Read(ref _reason);

    /// <summary>Messages that came so far, oldest first.</summary>
    public IReadOnlyList<FollowUp> Messages => _messages;

    /// <summary>Stops the work.</summary>
    public void StopWork(StopReason reason)
    {
        if (reason == StopReason.Lost)
        {
            Volatile.Write(ref _reason, (int)reason);
        }
        else if (Interlocked.CompareExchange(ref _reason, (int)reason, (int)StopReason.None) != (int)StopReason.None)
        {
            return;
        }

        _stop.Cancel();
    }

    /// <summary>A turn is over and stored: the work stops here if it is wanted back.</summary>
    /// <exception cref="OperationCanceledException">It is.</exception>
    public void TurnIsOver()
    {
        if (_endsWithTurn)
        {
            StopWork(StopReason.GivenBack);
        }

        Stop.ThrowIfCancellationRequested();
    }

    /// <summary>Marks the lease as over, because a call under it said so.</summary>
    public void GiveUp(string reason)
    {
        LogLost(_logger, reason);
        _lost.Cancel();
    }

    /// <summary>The lease is about to be ended from here: that it is over is no news any more to the heartbeats.</summary>
    public void Close() => _closing = true;

    /// <summary>Asks now whether the lease still holds, and what people wrote.</summary>
    /// <exception cref="LeaseLostException">It does not.</exception>
    public Task ConfirmAsync(CancellationToken cancellationToken) => BeatAsync(TimeSpan.Zero, cancellationToken);

    /// <summary>Ends the heartbeats.</summary>
    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _beating;
        _lost.Dispose();
        _stop.Dispose();
        _end.Dispose();
    }

    private async Task BeatAsync()
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(_end.Token, Lost);
        var wait = TimeSpan.FromSeconds(Math.Min(LongestWait.TotalSeconds, _lease.LeaseSeconds / 3));
        try
        {
            while (true)
            {
                var start = _time.GetTimestamp();
                await BeatAsync(wait, either.Token);

                // News that stays news, like a cancel that is being carried out, is answered at once each time.
                if (_time.GetElapsedTime(start) < TooSoon)
                {
                    await Task.Delay(wait, _time, either.Token);
                }
            }
        }
        catch (Exception e) when (e is LeaseLostException or ApiRefusedException)
        {
            if (!_closing)
            {
                GiveUp(e.Message);
            }
        }
        catch (OperationCanceledException) when (_end.IsCancellationRequested)
        {
            // Done.
        }
        catch (OperationCanceledException)
        {
            LogSilent(_logger, _patience.TotalSeconds);
        }
    }

    private async Task BeatAsync(TimeSpan wait, CancellationToken cancellationToken)
    {
        var seen = _messages;
        var answer = await _api.HeartbeatAsync(new() { MessagesSeen = seen.LastOrDefault()?.Number ?? _lease.Checkpoint?.MessagesSeen ?? 0, WaitSeconds = wait.TotalSeconds }, cancellationToken);
        _lost.CancelAfter(_patience);
        Merge(answer.Messages);
        _endsWithTurn = answer.Drain != DrainOrder.None;
        if (answer.CancelRequested)
        {
            StopWork(StopReason.Canceled);
        }
        else if (answer.Drain == DrainOrder.Now)
        {
            StopWork(StopReason.GivenBack);
        }
    }

    private void Merge(IReadOnlyList<FollowUp> news)
    {
        while (news.Count > 0)
        {
            var known = _messages;
            var merged = known.Concat(news).DistinctBy(message => message.Number).OrderBy(message => message.Number).ToArray();
            if (Interlocked.CompareExchange(ref _messages, merged, known) == known)
            {
                return;
            }
        }
    }

    [LoggerMessage(LogLevel.Warning, "The lease is over: {Reason}")]
    private static partial void LogLost(ILogger logger, string reason);

    [LoggerMessage(LogLevel.Warning, "No word from the Api for {Seconds} s: the task is given up")]
    private static partial void LogSilent(ILogger logger, double seconds);
}
