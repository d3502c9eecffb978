namespace CodeAgent.ServiceDefaults.Configuration;

/// <summary>Collects what a validator finds wrong in a configuration, and knows the line of each entry.</summary>
public sealed class ConfigProblems
{
    private readonly IReadOnlyDictionary<string, long> _lines;
    private readonly List<ConfigProblem> _found = [];

    internal ConfigProblems(IReadOnlyDictionary<string, long> lines) => _lines = lines;

    internal IReadOnlyList<ConfigProblem> Found => _found;

    /// <summary>Says that an entry is wrong.</summary>
    /// <param name="path">The entry as it is in the file, for instance <c>providers.openai.baseUrl</c> or <c>default[0]</c>. One that was left out counts for the nearest entry around it.</param>
    /// <param name="reason">What is wrong, and what would be right.</param>
    public void Add(string path, string reason) => _found.Add(new(LineOf(path), reason, path));

    /// <summary>Says that an entry is wrong unless <paramref name="fact"/> holds.</summary>
    public void Require(bool fact, string path, string reason)
    {
        if (!fact)
        {
            Add(path, reason);
        }
    }

    private long LineOf(string path)
    {
        while (path.Length > 0)
        {
            if (_lines.TryGetValue(path, out var line))
            {
                return line;
            }

            path = path[..Math.Max(0, path.LastIndexOfAny(['.', '[']))];
        }

        return 1;
    }
}
