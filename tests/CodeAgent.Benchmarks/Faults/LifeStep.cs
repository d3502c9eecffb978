using System.Collections.Concurrent;

namespace CodeAgent.Benchmarks.Faults;

/// <summary>Where a task is in its life when a fault comes.</summary>
internal enum LifeStep
{
    /// <summary>Its submission is on its way.</summary>
    Queued,

    /// <summary>A worker has its lease, and has sent nothing yet.</summary>
    Claimed,

    /// <summary>The first events are in, or on their way.</summary>
    FirstEvent,

    /// <summary>More events and an artifact are on their way.</summary>
    MidEvents,

    /// <summary>The checkpoint and the last heartbeat are on their way.</summary>
    BeforeCompleting,

    /// <summary>The end is on its way.</summary>
    Completing,

    /// <summary>The end was answered.</summary>
    Completed,
}

/// <summary>Tells the faults of a seed that a task has come to their step.</summary>
internal sealed class StepSignal
{
    private readonly ConcurrentDictionary<LifeStep, int> _reached = [];
    private readonly ConcurrentDictionary<(LifeStep Step, int Time), TaskCompletionSource> _waiting = [];

    /// <summary>Some task has come to this step.</summary>
    public void Reach(LifeStep step)
    {
        var time = _reached.AddOrUpdate(step, 1, static (_, count) => count + 1);
        Of(step, time).TrySetResult();
    }

    /// <summary>Waits until tasks have come to this step so many times.</summary>
    public Task WaitAsync(LifeStep step, int times, CancellationToken stop) => Of(step, times).Task.WaitAsync(stop);

    private TaskCompletionSource Of(LifeStep step, int time) => _waiting.GetOrAdd((step, time), static _ => new(TaskCreationOptions.RunContinuationsAsynchronously));
}
