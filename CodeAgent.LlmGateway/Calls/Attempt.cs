using System.Diagnostics;
using CodeAgent.LlmGateway.Budgets;
using CodeAgent.LlmGateway.Protocols;
using CodeAgent.LlmGateway.Routing;

namespace CodeAgent.LlmGateway.Calls;

/// <summary>A deployment is asked once. Notes what is needed to book it later.</summary>
/// <param name="deployment">Who is asked.</param>
/// <param name="request">What is asked.</param>
internal sealed class Attempt(Deployment deployment, ModelRequest request)
{
    private readonly long _start = Stopwatch.GetTimestamp();
    private TimeSpan? _end;

    public Deployment Deployment { get; } = deployment;

    /// <summary>The status that the deployment answered with; 0 until then.</summary>
    public int Status { get; set; }

    /// <summary>Stable name of what went wrong.</summary>
    public string? Error { get; private set; }

    /// <summary>Whether the deployment may have got the request: from the start, until it is certain that it has not.</summary>
    public bool MayBeBilled { get; set; } = true;

    /// <summary>Whether the caller gets this answer.</summary>
    public bool IsAnswer { get; set; }

    /// <summary>Looks on at the answer, once there is one.</summary>
    public AnswerWatch? Watch { get; set; }

    public TimeSpan? FirstContent { get; private set; }

    public TimeSpan Elapsed => Stopwatch.GetElapsedTime(_start);

    /// <summary>The first content of the answer is there.</summary>
    public void Content() => FirstContent ??= Elapsed;

    public void Failed(string error) => Error ??= error;

    public void Ended() => _end ??= Elapsed;

    public AttemptOutcome Close()
    {
        var (usage, isEstimated) = Usage();
        return new(Deployment, Status, Error, usage, isEstimated, IsAnswer) { Duration = _end ?? Elapsed, FirstContent = FirstContent };
    }

    /// <remarks>
    /// A provider that refuses or fails with a status bills nothing, nor does one that tells of an error before its answer has
    /// content. One that was left at work, or that broke off without a word, may bill: what it can have used is booked, and
    /// marked as an estimate. Otherwise a budget could be passed by leaving early.
    /// </remarks>
    private (TokenUsage? Usage, bool IsEstimated) Usage()
    {
        if (Watch is { Usage: { } said, HasFinalUsage: true })
        {
            return (said, false);
        }

        if (!MayBeBilled || Status is not (0 or StatusCodes.Status200OK) || Watch is { Error: not null, HasContent: false })
        {
            return (null, false);
        }

        var written = TokenEstimate.OfText(Watch?.ContentBytes ?? 0);
        var begun = Watch?.Usage ?? new TokenUsage(request.InputEstimate, 0, 0, 0);
        return (begun with { Output = Math.Max(begun.Output, written) }, true);
    }
}

/// <summary>The attempts of a request. Several can be under way at once.</summary>
internal sealed class AttemptBook
{
    private readonly List<Attempt> _attempts = [];

    public int Count
    {
        get
        {
            lock (_attempts)
            {
                return _attempts.Count;
            }
        }
    }

    public Attempt Begin(Deployment deployment, ModelRequest request)
    {
        var attempt = new Attempt(deployment, request);
        lock (_attempts)
        {
            _attempts.Add(attempt);
        }

        return attempt;
    }

    public CallOutcome Close()
    {
        lock (_attempts)
        {
            return _attempts.Count == 0 ? CallOutcome.Nothing : new([.. _attempts.Select(attempt => attempt.Close())]);
        }
    }
}
