using CodeAgent.Api.Events;
using CodeAgent.Api.Leases;
using CodeAgent.ServiceDefaults.Redis;
using StackExchange.Redis;

namespace CodeAgent.Api.Operations;

/// <summary>Knows in each instance what operators want, so that heartbeats need not ask for it. A change is known within milliseconds, and within seconds where its message got lost.</summary>
internal sealed partial class OperationsWatch(
    IConnectionMultiplexer redis, OperationsStore store, QueueSignal queue, TimeProvider time, ILogger<OperationsWatch> logger)
    : RedisListener(redis, OperationsKeys.Channel, time, logger)
{
    private readonly Lock _lock = new();
    private OperationsState _current = OperationsState.None;
    private long _asked;
    private long _applied;

    /// <summary>What is wanted.</summary>
    public OperationsState Current => Volatile.Read(ref _current);

    /// <summary>It is another by now. Handlers must not wait for anything.</summary>
    public event Action? Changed;

    /// <summary>Looks again.</summary>
    public async Task RefreshAsync()
    {
        var asked = Interlocked.Increment(ref _asked);
        try
        {
            Apply(asked, await store.ReadAsync());
        }
        catch (Exception e) when (e.MeansRedisIsAway() || e is ObjectDisposedException)
        {
            // It is looked at again when it is back.
            LogUnknown(e.GetType().Name);
        }
    }

    protected override void Heard(string message) => _ = RefreshAsync();

    protected override void Missed() => _ = RefreshAsync();

    // Answers may be heard in another order than they were asked for.
    private void Apply(long asked, OperationsState state)
    {
        OperationsState before;
        lock (_lock)
        {
            if (asked < _applied)
            {
                return;
            }

            (_applied, before, _current) = (asked, _current, state);
        }

        if ((before.StoppedAt, before.RestartedAt) == (state.StoppedAt, state.RestartedAt))
        {
            return;
        }

        if (state.StoppedAt is null)
        {
            queue.WakeAll();
            LogRunning();
        }
        else
        {
            LogStopped(state.StoppedBy);
        }

        Changed?.Invoke();
    }

    [LoggerMessage(LogLevel.Warning, "The system is stopped, as {Key} asked for: no task is given to a worker before it is resumed")]
    private partial void LogStopped(string? key);

    [LoggerMessage(LogLevel.Information, "Tasks are given to workers")]
    private partial void LogRunning();

    [LoggerMessage(LogLevel.Warning, "What operators want is not known just now: Redis does not answer ({Error})")]
    private partial void LogUnknown(string error);
}
