using CliWrap;
using CodeAgent.Contracts;

namespace CodeAgent.Worker.Workspaces;

/// <summary>
/// The files that an agent works on, at a commit. They are a repository of their own, borrowing the objects of the cache, and
/// not a worktree of it: an agent runs any git command and may change its repository's configuration, which in a worktree
/// would be the cache's, and so every other task's, and would be run by the worker. For the same reason the worker compares,
/// commits and pushes through a second repository, which the agent does not have.
/// </summary>
internal sealed class Workspace(TaskFolder folder, CachedCommit origin, Git git, RepositoryLayout layout, RepositoryCache cache, SparseFolders? sparse = null)
{
    private static readonly string[] MissingOk = ["--missing-ok"];
    private readonly Contents _contents = new(folder, origin, git, cache);
    private string? _restored;

    /// <summary>Where things are.</summary>
    public TaskFolder Folder => folder;

    /// <summary>The commit that the work begins from, and where it came from.</summary>
    public CachedCommit Base => origin;

    /// <summary>How its repositories borrow the objects of the cache.</summary>
    public static string AlternatesOf(CachedCommit origin) => Path.Combine(origin.Folder, "objects") + "\n";

    /// <summary>Fills the workspace with the files of the base.</summary>
    public async Task FillAsync(CommitIdentity agent, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(folder.Tree);
        await Task.WhenAll(CheckOutAsync(cancellationToken), BorrowAsync(agent, cancellationToken));

        // The index lies in the worker's own repository until both are done.
        var own = Path.Combine(folder.Tree, ".git");
        await CopyIndexAsync(Path.Combine(own, "index"), cancellationToken);
    }

    /// <summary>Brings back what an attempt before had changed.</summary>
    /// <param name="patch">A file that <see cref="WritePatchAsync"/> wrote.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public async Task RestoreAsync(string patch, CancellationToken cancellationToken)
    {
        // Applied to the index and checked out from there: bytes stay what they were, whatever line endings the files get on disk.
        var index = Path.Combine(folder.Git, "index.restore");
        await CopyIndexAsync(index, cancellationToken);
        await _contents.RequireForPatchAsync(patch, cancellationToken);
        await git.RunAsync(new(folder.Git, "apply", "--cached", "--binary", "--whitespace=nowarn", "--", patch) { Index = index }, cancellationToken);
        _restored = await WriteTreeAsync(index, cancellationToken);
        await CopyIndexAsync(index, cancellationToken);
        await git.RunAsync(new(folder.Git, "read-tree", "-m", "-u", origin.Commit, _restored) { Index = index, Tree = folder.Tree }, cancellationToken);
    }

    /// <summary>Stores the files as they are now; what <c>.gitignore</c> names is no part of it. Returns the tree's id.</summary>
    /// <exception cref="TaskFailedException">The agent removed the folder.</exception>
    public async Task<string> SnapshotAsync(CancellationToken cancellationToken)
    {
        if (!Directory.Exists(folder.Tree))
        {
            throw new TaskFailedException(FailureCodes.AgentFailed, "The workspace is gone: its folder was removed while the agent worked.");
        }

        var index = Path.Combine(folder.Git, "index.snapshot");
        await CopyIndexAsync(index, cancellationToken);
        await new Snapshot(git, folder, index, isSparse: sparse is not null).AddAsync(cancellationToken);
        return await WriteTreeAsync(index, cancellationToken);
    }

    /// <summary>Writes the difference of a tree or commit from the base into a file, as a binary patch.</summary>
    public async Task WritePatchAsync(string tree, string file, CancellationToken cancellationToken)
    {
        await _contents.RequireChangedAsync(tree, isTheirs: false, cancellationToken);
        await git.RunAsync(new(folder.Git, "diff-tree", "-r", "-p", "--binary", "--full-index", "--find-renames", "--no-ext-diff", "--no-textconv", origin.Commit, tree)
        {
            Output = PipeTarget.ToFile(file),
        }, cancellationToken);
    }

    /// <summary>Sees to it that all contents are there for putting trees that began from the base on another commit of the other side's.</summary>
    /// <exception cref="TaskFailedException">They cannot be had.</exception>
    public async Task RequireForRebaseAsync(IEnumerable<string> trees, string onto, CancellationToken cancellationToken)
    {
        await _contents.RequireChangedAsync(onto, isTheirs: true, cancellationToken);
        foreach (var tree in trees)
        {
            await _contents.RequireChangedAsync(tree, isTheirs: false, cancellationToken);
        }
    }

    /// <summary>How many files of a tree differ from the base.</summary>
    public async Task<int> CountChangesAsync(string tree, CancellationToken cancellationToken)
    {
        await _contents.RequireChangedAsync(tree, isTheirs: false, cancellationToken);
        return (await git.RunAsync(new(folder.Git, "diff-tree", "-r", "-z", "--name-only", "--find-renames", origin.Commit, tree), cancellationToken)).Count(c => c == '\0');
    }

    /// <summary>The tree that the agent began with in this attempt: what was restored, or the base's.</summary>
    public async Task<string> RestoredTreeAsync(CancellationToken cancellationToken) => _restored ?? await BaseTreeAsync(cancellationToken);

    /// <summary>The tree of the base.</summary>
    public Task<string> BaseTreeAsync(CancellationToken cancellationToken) =>
        git.RunAsync(new(folder.Git, "rev-parse", "--verify", origin.Commit + "^{tree}"), cancellationToken);

    /// <summary>Takes back what was done to the files since a snapshot; what <c>.gitignore</c> names stays.</summary>
    public async Task ResetAsync(string tree, CancellationToken cancellationToken)
    {
        var now = await SnapshotAsync(cancellationToken);
        await git.RunAsync(new(folder.Git, "read-tree", "-m", "-u", now, tree) { Index = Path.Combine(folder.Git, "index.snapshot"), Tree = folder.Tree }, cancellationToken);
    }

    private async Task CheckOutAsync(CancellationToken cancellationToken)
    {
        // Without all contents, a push must not be of more than what is new: git asks the other side what it has, and not only which refs.
        var settings = origin.IsPartial ? RepositoryLayout.Setting("push", "negotiate", "true") : "";
        await layout.CreateAsync(folder.Git, bare: true, AlternatesOf(origin), settings, "", null, cancellationToken);
        await ShapeAsync(folder.Git, cancellationToken);
        await _contents.RequireBaseAsync(sparse, cancellationToken);
        await git.RunAsync(new(folder.Git, "read-tree", "-u", "--reset", origin.Commit) { Tree = folder.Tree }, cancellationToken);
    }

    // The agent's repository, with all branches and tags that the cache has.
    private async Task BorrowAsync(CommitIdentity agent, CancellationToken cancellationToken)
    {
        var references = await git.RunAsync(new(origin.Folder, "for-each-ref", "--format=%(objectname) %(refname)", "refs/remotes/origin", "refs/tags"), cancellationToken);
        var settings = RepositoryLayout.Setting("user", "name", agent.Name) + RepositoryLayout.Setting("user", "email", agent.Email)
            + (origin.Url is { } url ? RepositoryLayout.Setting("remote \"origin\"", "url", url) + RepositoryLayout.Setting("remote \"origin\"", "fetch", "+refs/heads/*:refs/remotes/origin/*") : "")
            + (origin.IsPartial ? RepositoryLayout.Setting("remote \"origin\"", "promisor", "true") : "");
        var own = Path.Combine(folder.Tree, ".git");
        await layout.CreateAsync(own, bare: false, AlternatesOf(origin), settings, references, origin.Commit, cancellationToken);
        await ShapeAsync(own, cancellationToken);
    }

    private async Task ShapeAsync(string repository, CancellationToken cancellationToken)
    {
        // Where the history is cut off, it is so for who borrows it.
        var shallow = Path.Combine(origin.Folder, "shallow");
        if (File.Exists(shallow))
        {
            await File.WriteAllBytesAsync(Path.Combine(repository, "shallow"), await File.ReadAllBytesAsync(shallow, cancellationToken), cancellationToken);
        }

        await (sparse?.ApplyAsync(git, repository, cancellationToken) ?? Task.CompletedTask);
    }

    // Of a partial clone, a tree may name contents that nobody needed.
    private Task<string> WriteTreeAsync(string index, CancellationToken cancellationToken) =>
        git.RunAsync(new(folder.Git, ["write-tree", .. origin.IsPartial ? MissingOk : []]) { Index = index }, cancellationToken);

    // The index remembers what the files looked like on disk when they were checked out, so that only what was touched since is
    // read again. Git distrusts entries as young as the index itself: a copy has to be as old as the original.
    private async Task CopyIndexAsync(string to, CancellationToken cancellationToken)
    {
        var from = Path.Combine(folder.Git, "index");
        await File.WriteAllBytesAsync(to, await File.ReadAllBytesAsync(from, cancellationToken), cancellationToken);
        File.SetLastWriteTimeUtc(to, File.GetLastWriteTimeUtc(from));
    }
}
