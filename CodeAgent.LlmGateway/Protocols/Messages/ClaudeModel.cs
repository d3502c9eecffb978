using System.Globalization;
using System.Text.RegularExpressions;
using CodeAgent.LlmGateway.Protocols.Neutral;

namespace CodeAgent.LlmGateway.Protocols.Messages;

/// <summary>
/// What the generations of Anthropic's models take, by the model's name: claude-sonnet-4-5-20250929, claude-3-7-sonnet-latest,
/// claude-opus-5-5. A name without "claude" is another vendor's or somebody's own: it gets the oldest form, which all understand.
/// </summary>
internal static partial class ClaudeModel
{
    private static readonly string[] Usual = ["low", "medium", "high"];

    /// <summary>Whether the model decides itself how much it thinks. The newer ones refuse a budget, the older ones refuse anything else.</summary>
    public static bool IsAdaptive(string model) => Version(model) >= 4.6m;

    /// <summary>Whether an instruction may stand in the middle of the conversation.</summary>
    public static bool TakesInstructionsBetween(string model) => Version(model) >= 4.8m;

    /// <summary>The effort of an adaptive model that comes nearest.</summary>
    public static string? Effort(string model, string? wish) =>
        wish is null ? null : Efforts.Nearest(wish, Version(model) < 4.7m ? [.. Usual, "max"] : [.. Usual, "xhigh", "max"]);

    /// <summary>
    /// How thinking is turned off. Up to 4.8 nothing is thought unless it is asked for, and the word for it is not understood
    /// everywhere. Most of the later ones cannot be kept from thinking: least comes nearest.
    /// </summary>
    public static (string? Type, string? Effort) Off(string model) => Version(model) switch
    {
        < 5 => (null, null),
        >= 5.5m when model.Contains("sonnet", StringComparison.Ordinal) => ("between_tools", null),
        5 when model.Contains("opus", StringComparison.Ordinal) || model.Contains("sonnet", StringComparison.Ordinal) => ("disabled", null),
        <= 5.5m when model.Contains("haiku", StringComparison.Ordinal) => ("disabled", null),
        _ => ("adaptive", "low"),
    };

    /// <summary>How much of temperature, top_p and top_k can be said. None of it while the model thinks.</summary>
    public static Sampling Sampling(string model) => Version(model) switch { >= 4.7m => Messages.Sampling.None, >= 4.1m => Messages.Sampling.OneOfTwo, _ => Messages.Sampling.All };

    // A name without a number is a newer one than this code knows.
    private static decimal Version(string model) => !model.Contains("claude", StringComparison.Ordinal) ? 0
        : Numbers().Match(model) is { Success: true } found
        ? decimal.Parse($"{found.Groups["major"].Value}.{(found.Groups["minor"].Success ? found.Groups["minor"].Value : "0")}", CultureInfo.InvariantCulture)
        : decimal.MaxValue;

    // A date such as 20250929 is no version.
    [GeneratedRegex(@"claude-(?:[a-z]+-)?(?<major>\d{1,2})(?:[-.](?<minor>\d{1,2})(?!\d))?(?!\d)")]
    private static partial Regex Numbers();
}

internal enum Sampling
{
    All,

    /// <summary>Either the temperature or top_p.</summary>
    OneOfTwo,
    None,
}
