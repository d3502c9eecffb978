using System.Globalization;
using System.Text.RegularExpressions;

namespace CodeAgent.LlmGateway.Protocols.Gemini;

/// <summary>What the generations of Google's models take, by the model's name: gemini-2.5-flash, gemini-3.1-pro-preview, gemini-flash-latest.</summary>
internal static partial class GeminiModel
{
    /// <summary>Whether it thinks by levels rather than by a budget, and wants its calls of tools back with their signatures.</summary>
    public static bool IsThirdOrLater(string model) => Number().Match(model) is not { Success: true } found
        || int.Parse(found.Groups[1].Value, CultureInfo.InvariantCulture) >= 3;

    /// <summary>The level of the least thought; the large models know none below it.</summary>
    public static string LeastLevel(string model) => model.Contains("flash", StringComparison.Ordinal) ? "minimal" : "low";

    [GeneratedRegex(@"gemini-(\d+)")]
    private static partial Regex Number();
}
