using CodeAgent.Api.Events;
using CodeAgent.Api.Queue;
using StackExchange.Redis;

namespace CodeAgent.Api.Leases;

/// <summary>Wakes waiting workers when a task is queued: one worker for one task, so that not all of them run for each.</summary>
internal sealed class QueueSignal(IConnectionMultiplexer redis, TimeProvider time, ILogger<QueueSignal> logger)
    : RedisListener(redis, QueueKeys.Channel, time, logger)
{
    private readonly Lock _lock = new();
    private readonly LinkedList<Waiter> _waiters = [];

    /// <summary>Waits from now on for tasks that need one of <paramref name="agents"/>. Enter before looking into the queue, so that nothing is missed.</summary>
    public Waiter Enter(IReadOnlyList<string> agents)
    {
        lock (_lock)
        {
            return _waiters.AddLast(new Waiter(this, agents)).Value;
        }
    }

    /// <summary>Wakes one who waits for <paramref name="agent"/>, the one that waits longest.</summary>
    public void Wake(string agent) => Heard(agent);

    /// <summary>Wakes all who wait, for a look at everything.</summary>
    public void WakeAll() => Missed();

    protected override void Heard(string message)
    {
        lock (_lock)
        {
            if (_waiters.FirstOrDefault(waiter => waiter.Agents.Contains(message)) is { } waiter)
            {
                _waiters.Remove(waiter);
                waiter.Wake(message);
            }
        }
    }

    protected override void Missed()
    {
        lock (_lock)
        {
            foreach (var waiter in _waiters)
            {
                waiter.Wake(null);
            }

            _waiters.Clear();
        }
    }

    private void Leave(Waiter waiter)
    {
        lock (_lock)
        {
            _waiters.Remove(waiter);
        }
    }

    /// <summary>A worker that waits.</summary>
    internal sealed class Waiter(QueueSignal signal, IReadOnlyList<string> agents) : IDisposable
    {
        private readonly TaskCompletionSource _woken = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private string? _call;
        private bool _used;

        public IReadOnlyList<string> Agents { get; } = agents;

        /// <summary>Returns when woken, or when the time is up.</summary>
        public async Task WaitAsync(TimeSpan limit, TimeProvider time, CancellationToken cancellationToken)
        {
            try
            {
                await _woken.Task.WaitAsync(limit, time, cancellationToken);
                _used = true;
            }
            catch (TimeoutException)
            {
                // The slow look: it finds what no message told of.
            }
        }

        /// <summary>Wakes it for work with this agent, or for a look at everything.</summary>
        public void Wake(string? agent)
        {
            _call = agent;
            _woken.TrySetResult();
        }

        /// <summary>Leaves. A call that it did not follow goes on to the next one who waits.</summary>
        public void Dispose()
        {
            // Once it has left, nobody wakes it any more.
            signal.Leave(this);
            if (!_used && _call is { } agent)
            {
                signal.Wake(agent);
            }
        }
    }
}
