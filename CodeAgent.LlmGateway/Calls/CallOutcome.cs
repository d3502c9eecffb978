using CodeAgent.LlmGateway.Protocols;
using CodeAgent.LlmGateway.Routing;

namespace CodeAgent.LlmGateway.Calls;

/// <summary>
/// What came of a request and what it used, all of its attempts together: also the ones that were given up, that lost against a
/// hedge, or that a judge did not choose. Known once the request is over, however it ended.
/// </summary>
/// <param name="Attempts">Every time a deployment was asked, in the order of asking.</param>
internal sealed record CallOutcome(IReadOnlyList<AttemptOutcome> Attempts)
{
    /// <summary>No deployment was asked.</summary>
    public static CallOutcome Nothing { get; } = new([]);

    /// <summary>The attempt whose answer the caller got, or was getting; null where there was none.</summary>
    public AttemptOutcome? Answered => Attempts.FirstOrDefault(attempt => attempt.IsAnswer);

    /// <summary>Whether a part of what was used is not the provider's own figure.</summary>
    public bool IsEstimated => Attempts.Any(attempt => attempt.IsEstimated);

    /// <summary>What is to be booked: the attempts differ in their prices, so that money is counted for each of them.</summary>
    public IEnumerable<AttemptOutcome> Billed => Attempts.Where(attempt => attempt.Usage is not null);
}

/// <summary>What came of asking a deployment once.</summary>
/// <param name="Deployment">Who was asked.</param>
/// <param name="Status">The status it answered with; 0 where it did not get that far.</param>
/// <param name="Error">Stable name of what went wrong; null where nothing did.</param>
/// <param name="Usage">What it used; null where it is certain that nothing is billed.</param>
/// <param name="IsEstimated">Whether <paramref name="Usage"/> is a guess by the number of bytes, since the provider did not say.</param>
/// <param name="IsAnswer">Whether this is the answer that the caller got.</param>
internal sealed record AttemptOutcome(Deployment Deployment, int Status, string? Error, TokenUsage? Usage, bool IsEstimated, bool IsAnswer)
{
    public TimeSpan Duration { get; init; }

    /// <summary>Until the first content of the answer; null where none came.</summary>
    public TimeSpan? FirstContent { get; init; }
}
