using Polly;
using Polly.CircuitBreaker;

namespace CodeAgent.Api.Callbacks;

/// <summary>
/// What this instance knows of a receiver: how many callbacks are on their way to it, and whether it rests, since half
/// of at least 5 within 2 minutes failed. After a rest one callback goes first. A receiver that goes on failing rests longer each time.
/// </summary>
internal sealed class CallbackReceiver
{
    private const int AtLeast = 5;
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan ShortestRest = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan LongestRest = TimeSpan.FromMinutes(10);

    private readonly TimeProvider _time;
    private readonly ResiliencePipeline<CallbackReply> _breaker;
    private volatile Rest? _rest;
    private int _underWay;

    public CallbackReceiver(TimeProvider time)
    {
        _time = time;
        _breaker = new ResiliencePipelineBuilder<CallbackReply> { TimeProvider = time }.AddCircuitBreaker(new()
        {
            FailureRatio = 0.5,
            MinimumThroughput = AtLeast,
            SamplingDuration = Window,
            BreakDurationGenerator = static args => new(Longer(args.HalfOpenAttempts)),
            ShouldHandle = static args => new(args.Outcome.Result?.CountsAgainstReceiver == true),
            OnOpened = args =>
            {
                _rest = new(time.GetUtcNow() + args.BreakDuration);
                return default;
            },
            OnClosed = _ =>
            {
                _rest = null;
                return default;
            },
        }).Build();
    }

    /// <summary>Until when it rests; null where it does not.</summary>
    public DateTimeOffset? RestsUntil => _rest is { } rest && rest.Until > _time.GetUtcNow() ? rest.Until : null;

    /// <summary>Whether nothing is on its way to it, and nothing is held against it: nothing came for it for long after its last rest.</summary>
    public bool IsForgettable => Volatile.Read(ref _underWay) == 0 && (_rest is not { } rest || _time.GetUtcNow() - rest.Until > Window);

    /// <summary>How many more callbacks may go to it now.</summary>
    public int Free(int most) => RestsUntil is not null ? 0 : (_rest is null ? most : 1) - Volatile.Read(ref _underWay);

    /// <summary>Takes a place. <see cref="Leave"/> gives it back.</summary>
    public void Enter() => Interlocked.Increment(ref _underWay);

    public void Leave() => Interlocked.Decrement(ref _underWay);

    /// <summary>Sends; null where it began to rest meanwhile.</summary>
    public async Task<CallbackReply?> AskAsync(Func<CancellationToken, Task<CallbackReply>> send, CancellationToken cancellationToken)
    {
        try
        {
            return await _breaker.ExecuteAsync(static async (send, stop) => await send(stop), send, cancellationToken);
        }
        catch (BrokenCircuitException)
        {
            return null;
        }
    }

    private static TimeSpan Longer(int failedProbes) => TimeSpan.FromSeconds(Math.Min(ShortestRest.TotalSeconds * Math.Pow(2, Math.Min(failedProbes, 10)), LongestRest.TotalSeconds));

    private sealed record Rest(DateTimeOffset Until);
}
