using System.Globalization;
using System.Text.RegularExpressions;

namespace CodeAgent.LlmGateway.Protocols.Messages;

/// <summary>What the generations of Anthropic's models take, by the model's name: claude-sonnet-4-5-20250929, claude-3-7-sonnet-latest, claude-opus-5-5.</summary>
internal static partial class ClaudeModel
{
    /// <summary>Whether the model decides itself how much it thinks. The newer ones refuse a budget, the older ones refuse anything else.</summary>
    public static bool IsAdaptive(string model) => Version(model) >= 4.6m;

    /// <summary>Whether an instruction may stand in the middle of the conversation.</summary>
    public static bool TakesInstructionsBetween(string model) => Version(model) >= 4.8m;

    // A name without a number is a newer one than this code knows.
    private static decimal Version(string model) => Numbers().Match(model) is { Success: true } found
        ? decimal.Parse($"{found.Groups["major"].Value}.{(found.Groups["minor"].Success ? found.Groups["minor"].Value : "0")}", CultureInfo.InvariantCulture)
        : decimal.MaxValue;

    // A date such as 20250929 is no version.
    [GeneratedRegex(@"claude-(?:[a-z]+-)?(?<major>\d{1,2})(?:[-.](?<minor>\d{1,2})(?!\d))?(?!\d)")]
    private static partial Regex Numbers();
}
