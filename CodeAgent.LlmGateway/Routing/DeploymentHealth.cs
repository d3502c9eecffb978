using CodeAgent.LlmGateway.Configuration;
using Polly;
using Polly.CircuitBreaker;

namespace CodeAgent.LlmGateway.Routing;

/// <summary>
/// Whether a deployment can be asked, and how busy it is. It rests when it says so (Retry-After), after so many failures one
/// after another, when too large a part of the requests fails, and when it refuses the gateway's key. After a rest for failures
/// one request goes first; the others follow once it was answered.
/// </summary>
internal sealed class DeploymentHealth
{
    private static readonly TimeSpan WhileProbed = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan AfterRefusal = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan LongestHint = TimeSpan.FromHours(1);

    private readonly BreakerConfig _breaker;
    private readonly TimeProvider _time;
    private readonly ResiliencePipeline<AttemptResult> _ratio;
    private volatile Rest? _rest;
    private int _failures;
    private int _probes;

    public DeploymentHealth(BreakerConfig breaker, TimeProvider time)
    {
        (_breaker, _time, Load) = (breaker, time, new(time));
        _ratio = new ResiliencePipelineBuilder<AttemptResult> { TimeProvider = time }.AddCircuitBreaker(new()
        {
            FailureRatio = breaker.Ratio,
            MinimumThroughput = breaker.AtLeast,
            SamplingDuration = breaker.Window,
            BreakDuration = breaker.Cooldown,
            ShouldHandle = static args => new(args.Outcome.Result?.Failure is { CountsAgainstDeployment: true }),
            OnOpened = args =>
            {
                RestFor(args.BreakDuration, RestReason.Failing);
                return default;
            },
        }).Build();
    }

    public PeakEwma Load { get; }

    public FirstTokenTimes FirstTokens { get; } = new();

    /// <summary>Why and until when it is not to be asked; null where it can be.</summary>
    public Rest? Resting => _rest is not { } rest ? null
        : rest.Until > _time.GetUtcNow() ? rest
        : rest.Reason != RestReason.RateLimit && Volatile.Read(ref _probes) > 0 ? rest with { Until = _time.GetUtcNow() + WhileProbed }
        : null;

    /// <summary>Asks, unless it is resting.</summary>
    /// <returns>Null where it was not asked.</returns>
    public async ValueTask<AttemptResult?> AskAsync(Func<CancellationToken, ValueTask<AttemptResult>> ask, CancellationToken cancellationToken)
    {
        if (Resting is not null)
        {
            return null;
        }

        // What is known by now. A failure that shows while this one is under way is news that its answer knows nothing of.
        var before = _rest;
        var isProbe = before is { Reason: not RestReason.RateLimit };
        if (isProbe && Interlocked.CompareExchange(ref _probes, 1, 0) != 0)
        {
            return null;
        }

        var context = ResilienceContextPool.Shared.Get(cancellationToken);
        try
        {
            var outcome = await _ratio.ExecuteOutcomeAsync(
                static async (context, ask) => Outcome.FromResult(await ask(context.CancellationToken)), context, ask);
            if (outcome.Exception is BrokenCircuitException)
            {
                return null;
            }

            outcome.ThrowIfException();
            Note(outcome.Result!, before);
            return outcome.Result;
        }
        finally
        {
            ResilienceContextPool.Shared.Return(context);
            if (isProbe)
            {
                Volatile.Write(ref _probes, 0);
            }
        }
    }

    /// <summary>An answer that had begun well came to nothing.</summary>
    public void BrokeOff() => Failed();

    private void Note(AttemptResult result, Rest? before)
    {
        switch (result.Failure)
        {
            case null:
                _failures = 0;
                IsWell(before);
                break;
            case { Kind: FailureKind.KeyRefused }:
                RestFor(AfterRefusal, RestReason.KeyRefused);
                break;
            case { Kind: FailureKind.SpendLimit }:
                RestFor(AfterRefusal, RestReason.SpendLimit);
                break;
            case { CountsAgainstDeployment: true, RetryAfter: { } hint } failure when failure.Kind is FailureKind.RateLimited or FailureKind.Overloaded:
                // What it says itself is better than any guess; it has not failed, it is full.
                RestFor(hint < LongestHint ? hint : LongestHint, RestReason.RateLimit);
                break;
            case { CountsAgainstDeployment: true }:
                Failed();
                break;
            default:
                // It answered that the request is wrong: it is well itself.
                _failures = 0;
                IsWell(before);
                break;
        }
    }

    private void Failed()
    {
        if (Interlocked.Increment(ref _failures) >= _breaker.Failures)
        {
            RestFor(_breaker.Cooldown, RestReason.Failing);
        }
    }

    private void IsWell(Rest? before)
    {
        if (before is not null)
        {
            Interlocked.CompareExchange(ref _rest, null, before);
        }
    }

    /// <summary>Never shortens a rest: whoever named the longer time knew better.</summary>
    private void RestFor(TimeSpan span, RestReason reason)
    {
        var rest = new Rest(_time.GetUtcNow() + span, reason);
        while (_rest is var known && (known is null || known.Until < rest.Until) && !ReferenceEquals(Interlocked.CompareExchange(ref _rest, rest, known), known))
        {
            // Somebody else was faster: theirs may be the longer one.
        }
    }
}
