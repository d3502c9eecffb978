namespace CodeAgent.LlmGateway.Routing;

/// <summary>A time in which a deployment is not asked.</summary>
/// <param name="Until">When it is over.</param>
/// <param name="Reason">Why.</param>
internal sealed record Rest(DateTimeOffset Until, RestReason Reason);

internal enum RestReason
{
    /// <summary>It said itself when to come back.</summary>
    RateLimit,

    /// <summary>It failed too often.</summary>
    Failing,

    /// <summary>It refuses the gateway's key.</summary>
    KeyRefused,

    /// <summary>The gateway's account there is at its limit.</summary>
    SpendLimit,
}
