using System.Threading.Channels;

namespace CodeAgent.Api.Events;

/// <summary>
/// What one watcher has yet to see. It holds a bounded number of notices: a watcher that is too slow for them is told that it
/// missed some, and reads them from the log.
/// </summary>
internal sealed class EventWatch(Action<EventWatch> ended) : IDisposable
{
    private const int Capacity = 64;
    private static readonly EventNotice Nothing = new(Guid.Empty, []);

    private readonly Channel<EventNotice> _notices = Channel.CreateBounded<EventNotice>(
        new BoundedChannelOptions(Capacity) { SingleReader = true });

    private int _missed;

    public void Tell(EventNotice notice)
    {
        if (!_notices.Writer.TryWrite(notice))
        {
            TellMissed();
        }
    }

    /// <summary>Says that the watcher has to look into the log.</summary>
    public void TellMissed()
    {
        Volatile.Write(ref _missed, 1);

        // Wakes the watcher. Where there is no room, it is awake, and looks at the mark when it has read what is there.
        _notices.Writer.TryWrite(Nothing);
    }

    /// <summary>The next new events.</summary>
    /// <returns>None where the log has to be read instead, or the time is up.</returns>
    public async Task<IReadOnlyList<LoggedEvent>> NextAsync(TimeSpan limit, TimeProvider time, CancellationToken cancellationToken)
    {
        if (!_notices.Reader.TryPeek(out _) && Volatile.Read(ref _missed) == 0)
        {
            using var timeUp = new CancellationTokenSource(limit, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(timeUp.Token, cancellationToken);
            try
            {
                await _notices.Reader.WaitToReadAsync(either.Token);
            }
            catch (OperationCanceledException) when (timeUp.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
            {
                return [];
            }
        }

        if (_notices.Reader.TryRead(out var notice) && notice.Events.Count > 0)
        {
            return notice.Events;
        }

        Volatile.Write(ref _missed, 0);
        return [];
    }

    public void Dispose() => ended(this);
}
