using Microsoft.Extensions.FileSystemGlobbing;

namespace CodeAgent.Worker.Agents.Builtin.Tools;

/// <summary>Filters names of files.</summary>
internal static class Glob
{
    /// <summary>The names that match, in their order. A pattern without a folder matches at any depth; one with folders counts from the workspace or from <paramref name="folder"/>.</summary>
    /// <exception cref="ToolException">The pattern cannot be read.</exception>
    public static IReadOnlyList<string> Filter(string pattern, string folder, IReadOnlyList<string> names)
    {
        var matcher = new Matcher(StringComparison.Ordinal);
        foreach (var alternative in Alternatives(pattern))
        {
            var bare = alternative.TrimStart('/');
            Include(matcher, bare.Contains('/') ? bare : $"**/{bare}");
            if (folder.Length > 0)
            {
                Include(matcher, $"{folder}/{bare}");
            }
        }

        var matches = matcher.Match(names).Files.Select(file => file.Path).ToHashSet(StringComparer.Ordinal);
        return [.. names.Where(matches.Contains)];
    }

    private static void Include(Matcher matcher, string pattern)
    {
        try
        {
            matcher.AddInclude(pattern);
        }
        catch (ArgumentException e)
        {
            throw new ToolException($"'glob' cannot be read: {e.Message}", e);
        }
    }

    // The library knows * and ** alone; a{b,c}d is spelled out here.
    private static IEnumerable<string> Alternatives(string pattern)
    {
        var open = pattern.IndexOf('{');
        var close = open < 0 ? -1 : pattern.IndexOf('}', open);
        if (close < 0)
        {
            return [pattern];
        }

        return pattern[(open + 1)..close].Split(',').SelectMany(part => Alternatives(pattern[..open] + part + pattern[(close + 1)..]));
    }
}
