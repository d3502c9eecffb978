using CodeAgent.ServiceDefaults.Configuration;

namespace CodeAgent.Api.Audit;

/// <summary>The section <c>audit</c> of <c>config/api.yaml</c>.</summary>
internal sealed class AuditConfig
{
    /// <summary>Entries that are kept, of the house and of each tenant; the oldest go. 100 to 10,000,000, 100,000 by default.</summary>
    public int Keep { get; set; } = 100_000;

    /// <summary>Refusals that are written of one caller, or of one address without a good key, in a minute; of the others only how many there were. 1 to 10,000, 30 by default.</summary>
    public int RefusalsPerMinute { get; set; } = 30;

    public void Validate(ConfigProblems problems)
    {
        problems.Require(Keep is >= 100 and <= 10_000_000, "audit.keep", "it is 100 to 10000000");
        problems.Require(RefusalsPerMinute is >= 1 and <= 10_000, "audit.refusalsPerMinute", "it is 1 to 10000");
    }
}
