using System.Text.RegularExpressions;

namespace CodeAgent.Worker.Workspaces;

/// <summary>Git refused. The message is git's own, without credentials.</summary>
/// <param name="error">What git printed.</param>
internal sealed partial class GitException(string error) : Exception(Clean(error))
{
    private const int Longest = 1000;

    /// <summary>What git printed, without progress and zero bytes, and with addresses that carry no credentials.</summary>
    public static string Clean(string error)
    {
        var lines = Credentials().Replace(error, "://").Replace("\0", "", StringComparison.Ordinal).Split('\n').Select(line => line.Trim())
            .Where(line => line.Length > 0 && !line.StartsWith("hint:", StringComparison.Ordinal) && !line.StartsWith("Cloning", StringComparison.Ordinal));
        var text = string.Join(' ', lines);
        return text.Length > Longest ? text[..(char.IsHighSurrogate(text[Longest - 1]) ? Longest - 1 : Longest)] + "…" : text;
    }

    [GeneratedRegex(@"://[^/@\s'""]+@")]
    private static partial Regex Credentials();
}
