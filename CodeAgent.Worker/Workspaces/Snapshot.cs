using CliWrap;

namespace CodeAgent.Worker.Workspaces;

/// <summary>
/// Adds the files of a workspace to an index. A repository that the agent made inside of it counts as a plain folder: as a
/// link to a commit that nobody else has, git's own way, its files would be lost.
/// </summary>
internal sealed class Snapshot(Git git, TaskFolder folder, string index, bool isSparse)
{
    // Older versions of git have no such option.
    private static readonly string[] Sparse = ["--sparse"];

    /// <summary>Makes the index what the files are.</summary>
    public async Task AddAsync(CancellationToken cancellationToken)
    {
        var nested = (await OthersAsync(folder.Tree, index, cancellationToken)).Where(IsRepository).ToList();
        var links = await LinksAsync(cancellationToken);
        IEnumerable<string> paths = [".", .. nested.Concat(links).Select(path => $":(exclude,top,literal){path.TrimEnd('/')}")];
        await git.RunAsync(new(folder.Git, ["add", "--all", .. Sparse.Take(isSparse ? 1 : 0), "--pathspec-from-file=-", "--pathspec-file-nul"])
        {
            Tree = folder.Tree,
            Index = index,
            Input = Names(paths),
        }, cancellationToken);

        foreach (var repository in nested)
        {
            await AddRepositoryAsync(repository, cancellationToken);
        }
    }

    // Submodules of the base. Git would look into one by running itself there, under a configuration that the agent wrote: it could
    // name any program. They stay what they are; changes in them are not delivered.
    private async Task<IEnumerable<string>> LinksAsync(CancellationToken cancellationToken)
    {
        var entries = await git.RunAsync(new(folder.Git, "ls-files", "--stage", "-z") { Index = index }, cancellationToken);
        return entries.Split('\0', StringSplitOptions.RemoveEmptyEntries).Where(entry => entry.StartsWith("160000 ", StringComparison.Ordinal))
            .Select(entry => entry[(entry.IndexOf('\t', StringComparison.Ordinal) + 1)..]).Where(path => Directory.Exists(Path.Combine(folder.Tree, path)));
    }

    private async Task AddRepositoryAsync(string repository, CancellationToken cancellationToken)
    {
        // Seen from inside, with an index that has nothing: then its own .git is passed over and its files are all new.
        var empty = Path.Combine(folder.Git, "index.none");
        var inside = (await OthersAsync(Path.Combine(folder.Tree, repository), empty, cancellationToken)).Select(path => repository + path).ToList();
        await git.RunAsync(new(folder.Git, "update-index", "--add", "-z", "--stdin")
        {
            Tree = folder.Tree,
            Index = index,
            Input = Names(inside.Where(path => !IsRepository(path))),
        }, cancellationToken);

        foreach (var deeper in inside.Where(IsRepository))
        {
            await AddRepositoryAsync(deeper, cancellationToken);
        }
    }

    private async Task<string[]> OthersAsync(string tree, string usedIndex, CancellationToken cancellationToken) =>
        (await git.RunAsync(new(folder.Git, "ls-files", "-z", "--others", "--exclude-standard") { Tree = tree, Index = usedIndex }, cancellationToken))
            .Split('\0', StringSplitOptions.RemoveEmptyEntries);

    // Of folders, git lists the files; of repositories, only the folder.
    private static bool IsRepository(string path) => path.EndsWith('/');

    private static PipeSource Names(IEnumerable<string> names) => PipeSource.FromString(string.Concat(names.Select(name => name + '\0')));
}
