using System.Threading.Channels;

namespace CodeAgent.Api.Events;

/// <summary>
/// What one watcher has yet to see. It holds a bounded number of notices, of bounded length in all: a watcher that is too slow for
/// them is told that it missed some, and reads them from the log.
/// </summary>
internal sealed class EventWatch(Action<EventWatch> ended) : IDisposable
{
    private const int Capacity = 64;
    private const int MostCharacters = 256 * 1024;
    private static readonly EventNotice Nothing = new(Guid.Empty, []);

    private readonly Channel<EventNotice> _notices = Channel.CreateBounded<EventNotice>(
        new BoundedChannelOptions(Capacity) { SingleReader = true });

    private int _missed;
    private int _held;

    public void Tell(EventNotice notice)
    {
        // One that is larger than the whole room gets through where nothing else waits.
        var held = Interlocked.Add(ref _held, notice.Length);
        if ((held > MostCharacters && held > notice.Length) || !_notices.Writer.TryWrite(notice))
        {
            Interlocked.Add(ref _held, -notice.Length);
            TellMissed();
        }
    }

    /// <summary>Says that the watcher has to look into the log.</summary>
    public void TellMissed()
    {
        // Wakes the watcher, once. Where there is no room, it is awake, and looks at the mark when it has read what is there.
        if (Interlocked.Exchange(ref _missed, 1) == 0)
        {
            _notices.Writer.TryWrite(Nothing);
        }
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

        if (_notices.Reader.TryRead(out var notice))
        {
            Interlocked.Add(ref _held, -notice.Length);
            if (notice.Events.Count > 0)
            {
                return notice.Events;
            }
        }

        Volatile.Write(ref _missed, 0);
        return [];
    }

    public void Dispose() => ended(this);
}
