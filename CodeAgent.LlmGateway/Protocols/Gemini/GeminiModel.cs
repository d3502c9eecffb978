using System.Globalization;
using System.Text.RegularExpressions;
using CodeAgent.LlmGateway.Protocols.Neutral;

namespace CodeAgent.LlmGateway.Protocols.Gemini;

/// <summary>
/// What the generations of Google's models take, by the model's name: gemini-2.5-flash, gemini-3.1-pro-preview, gemini-flash-latest.
/// A name without "gemini", such as gemma-3-27b, gets only what all of them take.
/// </summary>
internal static partial class GeminiModel
{
    private const int LeastOfPro = 128;
    private const int LeastOfLite = 512;
    private const int MostOfPro = 32_768;
    private const int Most = 24_576;

    private static readonly string[] Levels = ["low", "medium", "high"];

    /// <summary>Whether it thinks by levels rather than by a budget, wants its calls of tools back with their signatures, and sees what tools show.</summary>
    public static bool IsThirdOrLater(string model) => Version(model) >= 3;

    /// <summary>Whether it thinks at all; the others refuse every word about it.</summary>
    public static bool Thinks(string model) => Version(model) >= 2.5m;

    /// <summary>The budget that comes nearest. 0 turns it off, where that is possible.</summary>
    public static long Budget(string model, long wish) => model.Contains("pro", StringComparison.Ordinal) ? Math.Clamp(wish, LeastOfPro, MostOfPro)
        : wish <= 0 ? 0
        : Math.Clamp(wish, model.Contains("flash-lite", StringComparison.Ordinal) ? LeastOfLite : 1, Most);

    /// <summary>The level that comes nearest to an effort; these models always think, so that "none" is the least.</summary>
    public static string Level(string model, string effort)
    {
        string[] taken = (model.Contains("flash", StringComparison.Ordinal), Version(model)) switch
        {
            (true, < 3.7m) => ["minimal", .. Levels],
            (true, _) => Levels,
            (_, < 3.1m) => ["low", "high"],
            _ => Levels,
        };
        return effort == Efforts.None ? taken[0] : Efforts.Nearest(effort, taken);
    }

    // A name without a number is the latest of its kind.
    private static decimal Version(string model) => !model.Contains("gemini", StringComparison.Ordinal) ? 0
        : Number().Match(model) is { Success: true } found ? decimal.Parse(found.Groups[1].Value, CultureInfo.InvariantCulture)
        : decimal.MaxValue;

    [GeneratedRegex(@"gemini-(\d+(?:\.\d+)?)")]
    private static partial Regex Number();
}
