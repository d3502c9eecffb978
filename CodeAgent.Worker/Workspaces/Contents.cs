using System.Text.RegularExpressions;

namespace CodeAgent.Worker.Workspaces;

/// <summary>
/// Sees to it that the contents of files are there that git is about to read, in a workspace of a partial clone. Only those of the
/// other side's own commits are ever asked for: what an agent wrote names no others.
/// </summary>
internal sealed partial class Contents(TaskFolder folder, CachedCommit origin, Git git, RepositoryCache cache)
{
    private const string Nothing = "0000000000000000000000000000000000000000";
    private const string Ignored = ".gitignore";
    private const string Submodule = "160000";

    /// <summary>Those that are checked out, and what says which files are ignored, which git reads in other folders too.</summary>
    /// <exception cref="TaskFailedException">They cannot be had.</exception>
    public async Task RequireBaseAsync(SparseFolders? sparse, CancellationToken cancellationToken)
    {
        if (origin.IsPartial)
        {
            var files = await FilesAsync(cancellationToken);
            await RequireAsync(files.Where(file => sparse?.Has(file.Path) != false || Path.GetFileName(file.Path) == Ignored).Select(file => file.Id), cancellationToken);
        }
    }

    /// <summary>Those of the base in which a tree or commit differs from it; of another commit of the other side's, its own as well.</summary>
    /// <exception cref="TaskFailedException">They cannot be had.</exception>
    public async Task RequireChangedAsync(string tree, bool isTheirs, CancellationToken cancellationToken)
    {
        if (origin.IsPartial)
        {
            // :MODE MODE ID ID STATUS NUL PATH NUL
            var changes = Records(await git.RunAsync(new(folder.Git, "diff-tree", "-r", "-z", "--raw", "--no-renames", "--no-abbrev", origin.Commit, tree), cancellationToken));
            var sides = changes.Chunk(2).Select(change => change[0].Split(' '))
                .SelectMany(change => new[] { (Mode: change[0], Id: change[2]), (Mode: change[1], Id: change[3]) }.Take(isTheirs ? 2 : 1));
            await RequireAsync(sides.Where(side => side.Id != Nothing && !side.Mode.EndsWith(Submodule, StringComparison.Ordinal)).Select(side => side.Id), cancellationToken);
        }
    }

    /// <summary>Those of the base that a patch changes.</summary>
    /// <exception cref="TaskFailedException">They cannot be had.</exception>
    public async Task RequireForPatchAsync(string patch, CancellationToken cancellationToken)
    {
        if (origin.IsPartial)
        {
            var known = (await FilesAsync(cancellationToken)).Select(file => file.Id).ToHashSet();
            var changed = new HashSet<string>();
            await foreach (var line in File.ReadLinesAsync(patch, cancellationToken))
            {
                if (Index().Match(line) is { Success: true } match && known.Contains(match.Groups[1].Value))
                {
                    changed.Add(match.Groups[1].Value);
                }
            }

            await RequireAsync(changed, cancellationToken);
        }
    }

    // MODE blob ID TAB PATH NUL; submodules are no blobs.
    private async Task<IEnumerable<(string Id, string Path)>> FilesAsync(CancellationToken cancellationToken) =>
        Records(await git.RunAsync(new(folder.Git, "ls-tree", "-r", "-z", origin.Commit), cancellationToken))
            .Select(entry => entry.Split(' ', 3)).Where(entry => entry[1] == "blob").Select(entry => entry[2].Split('\t', 2)).Select(file => (file[0], file[1]));

    private Task RequireAsync(IEnumerable<string> objects, CancellationToken cancellationToken) => cache.RequireAsync(origin, folder.Git, [.. objects.Distinct()], cancellationToken);

    private static string[] Records(string output) => output.Split('\0', StringSplitOptions.RemoveEmptyEntries);

    [GeneratedRegex(@"^index ([0-9a-f]{40})\.\.[0-9a-f]{40}(?: \d{6})?$")]
    private static partial Regex Index();
}
