using System.Globalization;
using System.Text.RegularExpressions;
using CodeAgent.LlmGateway.Protocols.Neutral;

namespace CodeAgent.LlmGateway.Protocols;

/// <summary>
/// What OpenAI's models take, by the model's name: gpt-5.4-mini, gpt-5.1-codex-max, o3, openai/gpt-5-pro, and Azure's gpt-5-4-eu.
/// Of a name that is not OpenAI's only what all servers of its protocols take is taken for granted.
/// </summary>
internal static partial class OpenAiModel
{
    private static readonly string[] Usual = ["low", "medium", "high"];

    /// <summary>What OpenRouter turns into what the model takes.</summary>
    private static readonly string[] Routed = ["minimal", .. Usual, "xhigh"];

    /// <summary>Whether it thinks at all, as far as is known: those that do not refuse every word about it.</summary>
    public static bool Reasons(string model) => Taken(model) is not { Length: 0 };

    /// <summary>The effort to ask for; null where nothing is to be said about it.</summary>
    /// <param name="model">The model's name at the provider.</param>
    /// <param name="wish">What the caller wants; null where it does not say.</param>
    /// <param name="dialect">What the provider is.</param>
    public static string? Effort(string model, string? wish, Dialect dialect)
    {
        var taken = Taken(model);
        if (wish is null || taken is { Length: 0 })
        {
            return null;
        }

        // Where it cannot be turned off, the least comes nearest. Of a model that is not known nobody knows whether it can.
        return wish == Efforts.None ? taken?[0] : Efforts.Nearest(wish, taken is not null && !dialect.HasReasoningBudget ? taken : dialect.HasReasoningBudget ? Routed : Usual);
    }

    /// <summary>Whether a temperature and the like can be set: not while a model of OpenAI's thinks.</summary>
    public static bool TakesSampling(string model, string? effort) => Taken(model) is null or { Length: 0 } || effort == Efforts.None;

    // The least first; null where the model is not known.
    private static string[]? Taken(string model)
    {
        if (Series().IsMatch(model))
        {
            return Usual;
        }

        if (Number().Match(model) is not { Success: true } found)
        {
            return null;
        }

        var version = decimal.Parse($"{found.Groups["major"].Value}.{(found.Groups["minor"].Success ? found.Groups["minor"].Value : "0")}", CultureInfo.InvariantCulture);
        return version switch
        {
            < 5 or > 30 => [],
            _ when Has("-chat") => [],
            5 when Has("-pro") => ["high"],
            _ when Has("-pro") => ["medium", "high", "xhigh"],
            < 5.2m when Has("-codex-max") => [.. Usual, "xhigh"],
            < 5.2m when Has("-codex") => Usual,
            _ when Has("-codex") => [.. Usual, "xhigh"],
            5 => ["minimal", .. Usual],
            < 5.2m => [Efforts.None, .. Usual],
            < 5.6m => [Efforts.None, .. Usual, "xhigh"],
            _ => [Efforts.None, .. Usual, "xhigh", "max"],
        };

        bool Has(string part) => model.Contains(part, StringComparison.Ordinal);
    }

    // A date such as 2025-08-07 is no version; gpt-35 is what Azure calls 3.5.
    [GeneratedRegex(@"gpt-(?<major>\d{1,2})(?:[.-](?<minor>\d)(?![\da-z]))?(?!\d)")]
    private static partial Regex Number();

    [GeneratedRegex(@"(?:^|/)o[134](?:-|$)")]
    private static partial Regex Series();
}
