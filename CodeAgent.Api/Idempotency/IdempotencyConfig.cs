using CodeAgent.ServiceDefaults.Configuration;

namespace CodeAgent.Api.Idempotency;

/// <summary>How long requests with an <c>Idempotency-Key</c> are remembered: the section <c>idempotency</c> of <c>config/api.yaml</c>.</summary>
internal sealed class IdempotencyConfig
{
    /// <summary>An answer is given again for so long. 1 minute to 30 days, 24 hours by default.</summary>
    public TimeSpan Keep { get; set; } = TimeSpan.FromHours(24);

    /// <summary>
    /// A request whose instance of the Api has died can be repeated after so long. 1 second to 5 minutes, 10 seconds by default.
    /// One that takes longer than this and is repeated meanwhile still makes its change once.
    /// </summary>
    public TimeSpan Lease { get; set; } = TimeSpan.FromSeconds(10);

    public void Validate(ConfigProblems problems)
    {
        problems.Require(Keep >= TimeSpan.FromMinutes(1) && Keep <= TimeSpan.FromDays(30), "idempotency.keep", "1m to 30d");
        problems.Require(Lease >= TimeSpan.FromSeconds(1) && Lease <= TimeSpan.FromMinutes(5), "idempotency.lease", "1s to 5m");
    }
}
