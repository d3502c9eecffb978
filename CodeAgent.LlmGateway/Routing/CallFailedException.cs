namespace CodeAgent.LlmGateway.Routing;

/// <summary>No deployment answered.</summary>
/// <param name="failure">The last failure.</param>
internal sealed class CallFailedException(AttemptFailure failure) : Exception(failure.Error.Message)
{
    public AttemptFailure Failure { get; } = failure;

    /// <summary>When it is worth trying again, where that is known here.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>Whether the caller should leave it at that: the retries were made here already.</summary>
    public bool IsFinal { get; init; }
}
