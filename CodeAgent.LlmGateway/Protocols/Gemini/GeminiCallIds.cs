using System.Globalization;

namespace CodeAgent.LlmGateway.Protocols.Gemini;

/// <summary>
/// Ids for calls of tools that came without one: Google's are optional, everyone else's are not. They are made up in the same way
/// each time, and taken away again before Google sees them.
/// </summary>
internal static class GeminiCallIds
{
    private const string Prefix = "gemini-call-";

    public static string For(string answer, int index) => string.Create(CultureInfo.InvariantCulture, $"{Prefix}{answer}-{index}");

    public static bool IsMadeUp(string id) => id.StartsWith(Prefix, StringComparison.Ordinal);
}
