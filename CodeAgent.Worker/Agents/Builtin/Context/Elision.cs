using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using CodeAgent.Worker.Agents.Builtin.Conversations;

namespace CodeAgent.Worker.Agents.Builtin.Context;

/// <summary>Replaces old results of tools by a note of what was there.</summary>
internal static class Elision
{
    // The note itself takes some room.
    private const int LeastWorthIt = 400;

    // Results of the newest messages stay, as long as they leave room for the rest.
    private const int KeptMessages = 3;

    /// <summary>Leaves out results, the oldest first, until the conversation is short enough or none is left to take.</summary>
    /// <param name="entries">The conversation.</param>
    /// <param name="tooMany">How many tokens there are too many.</param>
    /// <param name="mostKept">Tokens that the newest results may take and stay; those of the last message stay in any case.</param>
    public static void Elide(List<Entry> entries, int tooMany, int mostKept)
    {
        var end = FirstKept(entries, mostKept);
        var names = entries.SelectMany(entry => entry.Calls).ToDictionary(call => call.Id, call => call.Name, StringComparer.Ordinal);
        for (var i = 0; i < end && tooMany > 0; i++)
        {
            if (!entries[i].Results.Any(IsWorthIt))
            {
                continue;
            }

            var before = TokenCount.Of(entries[i]);
            entries[i] = entries[i] with { Results = [.. entries[i].Results.Select(result => IsWorthIt(result) ? Elided(result, names[result.Id]) : result)] };
            tooMany -= before - TokenCount.Of(entries[i]);
        }
    }

    /// <summary>Names what a result was, also when it is left out.</summary>
    public static string Digest(ToolResult result) =>
        result.Elided ?? Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(result.Output)))[..16];

    private static bool IsWorthIt(ToolResult result) => result.Elided is null && result.Output.Length >= LeastWorthIt;

    private static ToolResult Elided(ToolResult result, string tool) => result with
    {
        Elided = Digest(result),
        Output = string.Create(CultureInfo.InvariantCulture,
            $"[The {result.Output.Length:N0} characters that {tool} answered are left out to make room. Call it again if you need them.]"),
    };

    private static int FirstKept(List<Entry> entries, int mostKept)
    {
        var first = entries.Count;
        var kept = 0;
        var tokens = 0;
        for (var i = entries.Count - 1; i >= 0 && kept < KeptMessages; i--)
        {
            if (entries[i].Role != EntryRole.Tool)
            {
                continue;
            }

            tokens += TokenCount.Of(entries[i]);
            if (kept > 0 && tokens > mostKept)
            {
                break;
            }

            first = i;
            kept++;
        }

        return first;
    }
}
