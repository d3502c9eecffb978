using CodeAgent.ServiceDefaults.Identity;

namespace CodeAgent.LlmGateway.Configuration;

/// <summary>How much may be asked of models, beside what a key or a task says of itself.</summary>
internal sealed class LimitsConfig
{
    /// <summary>All callers together.</summary>
    public CallLimits Gateway { get; init; } = CallLimits.None;

    /// <summary>Each key, where it has no such limit of its own.</summary>
    public CallLimits Key { get; init; } = CallLimits.None;

    /// <summary>Each task, beside its own limits of tokens and money.</summary>
    public CallLimits Task { get; init; } = CallLimits.None;

    /// <summary>The keys of a tenant together.</summary>
    public Dictionary<string, CallLimits> Tenants { get; init; } = [];

    /// <summary>Tokens that are reserved for an answer where the request does not say how long it may be; fewer where there is no room for so many. 1 to 1,000,000, 4096 by default.</summary>
    public int AssumedOutputTokens { get; init; } = 4096;

    /// <summary>For how long a reservation against a total stands when the gateway that made it has died. 1 min to 1 day, 1 h by default.</summary>
    public TimeSpan ReservationLifetime { get; init; } = TimeSpan.FromHours(1);
}

internal sealed class UsageConfig
{
    /// <summary>How long the books of a day are kept. 1 day to 10 years, 400 days by default.</summary>
    public TimeSpan Keep { get; init; } = TimeSpan.FromDays(400);
}
