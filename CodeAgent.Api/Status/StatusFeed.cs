using System.Runtime.CompilerServices;
using System.Text.Json;
using CodeAgent.Api.Events;
using CodeAgent.Contracts;

namespace CodeAgent.Api.Status;

/// <summary>
/// The status for all in this process who watch it: one reader, woken by what happens to tasks, which encodes each status once.
/// While nobody watches, nobody reads. Whoever is slow gets the newest status and none of those before.
/// </summary>
/// <param name="read">Reads the status; null where that is not possible just now.</param>
/// <param name="heartbeat">Watchers hear at least so often that they are connected.</param>
/// <param name="time">The clock.</param>
internal sealed class StatusFeed(Func<Task<SystemStatus?>> read, TimeSpan heartbeat, TimeProvider time) : IDisposable
{
    /// <summary>It is read no more often than this.</summary>
    public static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(500);

    /// <summary>It is read so often though nothing wakes it: nobody says when a worker comes or is not heard of any more.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromSeconds(2);

    private readonly Lock _lock = new();
    private CancellationTokenSource? _reading;
    private TaskCompletionSource _woken = NewSignal();
    private volatile Moment _now = new(null);
    private int _watchers;

    /// <summary>Something may differ.</summary>
    public void Wake() => Volatile.Read(ref _woken).TrySetResult();

    /// <summary>Frames of a stream: the status at once and whenever it differs; none to say that it is alive.</summary>
    public async IAsyncEnumerable<IReadOnlyList<byte[]>> WatchAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var moment = Enter();
        try
        {
            byte[]? told = null;
            for (var first = true; ; first = false)
            {
                if (moment.Status is { } status && status != told)
                {
                    yield return [told = status];
                }
                else if (!first)
                {
                    yield return [];
                }

                if (moment == _now)
                {
                    await moment.Next.WaitAsync(cancellationToken);
                }

                moment = _now;
            }
        }
        finally
        {
            Leave();
        }
    }

    public void Dispose()
    {
        _reading?.Cancel();
        _reading?.Dispose();
    }

    private Moment Enter()
    {
        lock (_lock)
        {
            if (_watchers++ == 0)
            {
                // What was said to those who have left is old.
                _now = new(null);
                _reading = new();
                var stop = _reading.Token;

                // It is not part of the request that happens to be the first.
                using (ExecutionContext.SuppressFlow())
                {
                    _ = Task.Run(() => ReadAllAsync(stop), stop);
                }
            }

            return _now;
        }
    }

    private void Leave()
    {
        lock (_lock)
        {
            if (--_watchers == 0)
            {
                _reading!.Cancel();
                _reading.Dispose();
                _reading = null;
            }
        }
    }

    private async Task ReadAllAsync(CancellationToken stop)
    {
        var (said, frame, spoke) = ("", (byte[]?)null, time.GetTimestamp());
        try
        {
            while (true)
            {
                Volatile.Write(ref _woken, NewSignal());
                if (await read() is { } status && Essence(status) is var essence && essence != said)
                {
                    (said, spoke) = (essence, time.GetTimestamp());
                    frame = EventStreamResult.Frame("status", JsonSerializer.Serialize(status, ContractsJson.Default.SystemStatus));
                    Say(frame, stop);
                }
                else if (time.GetElapsedTime(spoke) >= heartbeat)
                {
                    spoke = time.GetTimestamp();
                    Say(frame, stop);
                }

                await Task.Delay(Shortest, time, stop);
                using var enough = CancellationTokenSource.CreateLinkedTokenSource(stop);
                await Task.WhenAny(Volatile.Read(ref _woken).Task, Task.Delay(Longest - Shortest, time, enough.Token));
                await enough.CancelAsync();
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Nobody watches any more.
        }
    }

    private void Say(byte[]? frame, CancellationToken stop)
    {
        Moment before;
        lock (_lock)
        {
            if (stop.IsCancellationRequested)
            {
                return;
            }

            before = _now;
            _now = new(frame);
        }

        before.IsOver();
    }

    // What only says that time goes by is no change.
    private static string Essence(SystemStatus status) => JsonSerializer.Serialize(
        status with
        {
            At = default,
            Rates = [],
            Workers = [.. status.Workers.Select(worker => worker with { LastSeenAt = default })],
        },
        ContractsJson.Default.SystemStatus);

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>What there is to say at a time; with the same status as before it says only that the stream is alive.</summary>
    private sealed class Moment(byte[]? status)
    {
        private readonly TaskCompletionSource _next = NewSignal();

        public byte[]? Status { get; } = status;

        /// <summary>Done when there is more to say.</summary>
        public Task Next => _next.Task;

        public void IsOver() => _next.TrySetResult();
    }
}
