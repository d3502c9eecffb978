using CodeAgent.Api.Events;
using StackExchange.Redis;

namespace CodeAgent.Api.Callbacks;

/// <summary>Says when there may be something to deliver: a callback was added, or one is done and its place is free.</summary>
internal sealed class CallbackSignal(IConnectionMultiplexer redis, TimeProvider time, ILogger<CallbackSignal> logger)
    : RedisListener(redis, CallbackKeys.Channel, time, logger)
{
    private readonly TimeProvider _time = time;
    private TaskCompletionSource _rung = New();

    public void Ring() => Volatile.Read(ref _rung).TrySetResult();

    /// <summary>Returns when it is rung, or was since the last time, or when the time is up.</summary>
    public async Task WaitAsync(TimeSpan limit, CancellationToken cancellationToken)
    {
        try
        {
            await Volatile.Read(ref _rung).Task.WaitAsync(limit, _time, cancellationToken);
        }
        catch (TimeoutException)
        {
            // The slow look: it finds what no message told of.
        }

        // Before whoever waited looks, so that what happens while it looks is not missed.
        Volatile.Write(ref _rung, New());
    }

    protected override void Heard(string message) => Ring();

    protected override void Missed() => Ring();

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
