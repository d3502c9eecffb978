namespace CodeAgent.Worker.Workspaces;

/// <summary>The folders of a repository that a workspace has.</summary>
/// <param name="folders">The folders, with slashes.</param>
internal sealed class SparseFolders(IReadOnlyList<string> folders)
{
    private readonly HashSet<string> _wanted = [.. folders.Select(folder => folder.Trim('/'))];
    private readonly HashSet<string> _above = [.. folders.SelectMany(folder => Upwards(folder.Trim('/')).SkipLast(1))];

    /// <summary>As git reads them: the files at the top and beside each folder on the way, and all of the folders themselves.</summary>
    public string Patterns
    {
        get
        {
            var lines = new List<string> { "/*", "!/*/" };
            foreach (var folder in _wanted.SelectMany(Upwards).Distinct().Order(StringComparer.Ordinal).Where(folder => !Upwards(folder).SkipLast(1).Any(_wanted.Contains)))
            {
                lines.AddRange(_wanted.Contains(folder) ? [$"/{folder}/"] : [$"/{folder}/", $"!/{folder}/*/"]);
            }

            return string.Join('\n', lines) + "\n";
        }
    }

    /// <summary>Whether a file is one that they have.</summary>
    public bool Has(string path)
    {
        var folder = path[..Math.Max(0, path.LastIndexOf('/'))];
        return folder.Length == 0 || _above.Contains(folder) || Upwards(folder).Any(_wanted.Contains);
    }

    /// <summary>Makes a repository check out these alone.</summary>
    public async Task ApplyAsync(Git git, string repository, CancellationToken cancellationToken)
    {
        await git.RunAsync(new(repository, "config", "core.sparseCheckout", "true"), cancellationToken);
        await git.RunAsync(new(repository, "config", "core.sparseCheckoutCone", "true"), cancellationToken);
        Directory.CreateDirectory(Path.Combine(repository, "info"));
        await File.WriteAllTextAsync(Path.Combine(repository, "info", "sparse-checkout"), Patterns, cancellationToken);
    }

    // a, a/b, a/b/c
    private static IEnumerable<string> Upwards(string folder)
    {
        var names = folder.Split('/');
        return Enumerable.Range(1, names.Length).Select(count => string.Join('/', names.Take(count)));
    }
}
