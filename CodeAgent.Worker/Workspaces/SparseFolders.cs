namespace CodeAgent.Worker.Workspaces;

/// <summary>The folders of a repository that a workspace has.</summary>
/// <param name="folders">The folders, with slashes.</param>
internal sealed class SparseFolders(IReadOnlyList<string> folders)
{
    /// <summary>As git reads them: the files at the top and beside each folder on the way, and all of the folders themselves.</summary>
    public string Patterns
    {
        get
        {
            var wanted = Whole.ToHashSet(StringComparer.Ordinal);
            var lines = new List<string> { "/*", "!/*/" };
            foreach (var folder in wanted.SelectMany(Upwards).Distinct().Order(StringComparer.Ordinal).Where(folder => !Upwards(folder).SkipLast(1).Any(wanted.Contains)))
            {
                lines.AddRange(wanted.Contains(folder) ? [$"/{folder}/"] : [$"/{folder}/", $"!/{folder}/*/"]);
            }

            return string.Join('\n', lines) + "\n";
        }
    }

    /// <summary>The folders themselves, all of them.</summary>
    public IEnumerable<string> Whole => folders.Select(folder => folder.Trim('/'));

    /// <summary>The folders on the way to them, of which only the files are there; with a slash at the end.</summary>
    public IEnumerable<string> Above => Whole.SelectMany(folder => Upwards(folder).SkipLast(1)).Distinct().Select(folder => folder + '/');

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
