using CodeAgent.LlmGateway.Protocols;
using CodeAgent.LlmGateway.Providers;

namespace CodeAgent.LlmGateway.Routing;

/// <summary>What came of asking a deployment: an answer that has begun, or a failure.</summary>
internal sealed record AttemptResult(DispatchedAnswer? Answer, AttemptFailure? Failure)
{
    public static implicit operator AttemptResult(DispatchedAnswer answer) => new(answer, null);

    public static implicit operator AttemptResult(AttemptFailure failure) => new(null, failure);
}

/// <summary>Why a deployment gave no answer.</summary>
/// <param name="Deployment">Who.</param>
/// <param name="Kind">What kind of failure it is.</param>
/// <param name="Error">What the caller is told, if nobody else answers.</param>
internal sealed record AttemptFailure(Deployment Deployment, FailureKind Kind, GatewayError Error)
{
    /// <summary>What the provider said, in <see cref="Protocol"/>; null where it did not get to say anything.</summary>
    public ProviderAnswer? Said { get; init; }

    public IProtocol? Protocol { get; init; }

    /// <summary>What it is called in spans, metrics and the log: one of a few names of our own, whatever the provider's code for it is.</summary>
    public string Name { get; init; } = Error.Code;

    /// <summary>When it says that it can be asked again.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>Whether it says itself that another attempt makes sense (x-should-retry).</summary>
    public bool? ShouldRetry { get; init; }

    public bool CountsAgainstDeployment => !Deployment.IsSimulator && Kind is not (FailureKind.Refused or FailureKind.NotHere or FailureKind.KeyRefused or FailureKind.SpendLimit);

    /// <summary>Whether it is unknown if the provider does the work, and bills it.</summary>
    public bool IsAmbiguous => Kind is FailureKind.Broken or FailureKind.TimedOut or FailureKind.Invalid;

    /// <summary>Whether the same deployment may be asked again.</summary>
    /// <remarks>
    /// Not after a time limit: it would take as long again. Not where the provider says so, and not for what will not change by
    /// itself (a spend limit, a wrong key, a wrong request).
    /// </remarks>
    public bool MayRepeatHere => !Deployment.IsSimulator && ShouldRetry is not false
        && Kind is (FailureKind.RateLimited or FailureKind.Overloaded or FailureKind.Unreachable or FailureKind.Broken or FailureKind.Invalid);

    /// <summary>Whether another deployment may do better with the same request.</summary>
    public bool MayGoElsewhere => Kind != FailureKind.Refused;
}

/// <summary>The kinds of failures, as far as something is done differently about them.</summary>
internal enum FailureKind
{
    /// <summary>The request is wrong, and would be wrong anywhere (400, 404, 413, 422).</summary>
    Refused,

    /// <summary>It cannot be answered at this deployment, which is well otherwise: its model is not there, or its protocol has no words for the request.</summary>
    NotHere,

    /// <summary>The gateway's key is wrong (401, and 403 where it says so).</summary>
    KeyRefused,

    /// <summary>The gateway's account has no money left (402, insufficient_quota).</summary>
    SpendLimit,

    /// <summary>429.</summary>
    RateLimited,

    /// <summary>5xx, 408, 409: it did not do it.</summary>
    Overloaded,

    /// <summary>No connection: it certainly did not do it.</summary>
    Unreachable,

    /// <summary>The connection broke before there was content.</summary>
    Broken,

    /// <summary>There was no content in time.</summary>
    TimedOut,

    /// <summary>There was an answer, but not a whole or a valid one.</summary>
    Invalid,
}
