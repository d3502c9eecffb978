using System.Text.RegularExpressions;

namespace CodeAgent.Worker.Workspaces;

/// <summary>Says which contents of files a workspace needs of a partial clone, before git looks for them. Of others nothing is missing.</summary>
internal sealed partial class Contents(TaskFolder folder, CachedCommit origin, Git git, RepositoryCache cache)
{
    private const string Nothing = "0000000000000000000000000000000000000000";
    private const string Submodule = "160000";

    /// <summary>Those that are checked out.</summary>
    public async Task RequireBaseAsync(SparseFolders? sparse, CancellationToken cancellationToken)
    {
        if (!origin.IsPartial)
        {
            return;
        }

        var blobs = sparse is null ? await ListAsync(["-r"], [])
            : [.. await ListAsync([], []), .. sparse.Above.Any() ? await ListAsync([], sparse.Above) : [], .. await ListAsync(["-r"], sparse.Whole)];
        await RequireAsync(blobs, cancellationToken);

        // MODE blob ID TAB PATH
        async Task<IEnumerable<string>> ListAsync(string[] options, IEnumerable<string> paths) =>
            Records(await git.RunAsync(new(folder.Git, ["ls-tree", "-z", .. options, origin.Commit, "--", .. paths]), cancellationToken))
                .Select(entry => entry.Split(' ', '\t')).Where(entry => entry[1] == "blob").Select(entry => entry[2]);
    }

    /// <summary>Those in which a tree or commit differs from the base.</summary>
    public async Task RequireChangedAsync(string tree, CancellationToken cancellationToken)
    {
        if (origin.IsPartial)
        {
            // :MODE MODE ID ID STATUS NUL PATH NUL
            var changes = Records(await git.RunAsync(new(folder.Git, "diff-tree", "-r", "-z", "--raw", "--no-renames", "--no-abbrev", origin.Commit, tree), cancellationToken));
            var sides = changes.Chunk(2).Select(change => change[0].Split(' ')).SelectMany(change => new[] { (Mode: change[0], Id: change[2]), (Mode: change[1], Id: change[3]) });
            await RequireAsync(sides.Where(side => side.Id != Nothing && !side.Mode.EndsWith(Submodule, StringComparison.Ordinal)).Select(side => side.Id), cancellationToken);
        }
    }

    /// <summary>Those that a patch changes.</summary>
    public async Task RequireForPatchAsync(string patch, CancellationToken cancellationToken)
    {
        if (origin.IsPartial)
        {
            var before = new List<string>();
            await foreach (var line in File.ReadLinesAsync(patch, cancellationToken))
            {
                if (Index().Match(line) is { Success: true } match && match.Groups[1].Value != Nothing)
                {
                    before.Add(match.Groups[1].Value);
                }
            }

            await RequireAsync(before, cancellationToken);
        }
    }

    private Task RequireAsync(IEnumerable<string> objects, CancellationToken cancellationToken) => cache.RequireAsync(origin, folder.Git, objects, cancellationToken);

    private static string[] Records(string output) => output.Split('\0', StringSplitOptions.RemoveEmptyEntries);

    [GeneratedRegex(@"^index ([0-9a-f]{40})\.\.[0-9a-f]{40}(?: \d{6})?$")]
    private static partial Regex Index();
}
