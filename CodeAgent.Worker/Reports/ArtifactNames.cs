namespace CodeAgent.Worker.Reports;

/// <summary>Gives result files names that artifacts can have, no two the same.</summary>
internal sealed class ArtifactNames
{
    private const int Longest = 100;
    private readonly List<string> _given = [];
    private string? _offered;

    /// <summary>Those that were taken.</summary>
    public IReadOnlyList<string> Given => _given;

    /// <summary>A name for a file: <c>tests-src-TestResults-a.trx</c>. Of a long path the end counts.</summary>
    public string For(string kind, string path)
    {
        var plain = string.Concat(path.Select(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' ? c : '-'));
        var name = Cut($"{kind}-", plain);
        for (var i = 2; _given.Contains(name); i++)
        {
            name = Cut($"{kind}-{i}-", plain);
        }

        return _offered = name;
    }

    /// <summary>The last name that was given is in use.</summary>
    public void Take() => _given.Add(_offered!);

    private static string Cut(string prefix, string name) => prefix + (prefix.Length + name.Length > Longest ? name[^(Longest - prefix.Length)..] : name);
}
