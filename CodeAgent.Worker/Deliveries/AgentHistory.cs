using CliWrap;
using CodeAgent.Worker.Agents.Builtin.Files;
using CodeAgent.Worker.Agents.Builtin.Tools;
using CodeAgent.Worker.Workspaces;

namespace CodeAgent.Worker.Deliveries;

/// <summary>What the agent committed.</summary>
/// <param name="Commits">Its commits, oldest first; none where it made none.</param>
/// <param name="Reason">Why they cannot be had.</param>
internal sealed record AgentCommits(IReadOnlyList<CommitDraft> Commits, string? Reason = null);

/// <summary>
/// Reads the commits of the agent's own repository. That repository's configuration is the agent's, and so may name programs:
/// git is asked in it for nothing but where HEAD is, and the objects are copied by way of the worker's repository, each of them checked.
/// </summary>
internal sealed class AgentHistory(Git git, Workspace workspace)
{
    private const int Most = 200;
    private const int LongestAlternates = 10_000;
    private const int Fields = 7;
    private static readonly AgentCommits None = new([]);

    // An older git would fetch a HEAD that is missing, in the way that the agent's configuration says.
    private static readonly Dictionary<string, string?> Alone = new() { ["GIT_ALLOW_PROTOCOL"] = "none" };

    private readonly string _own = Path.Combine(workspace.Folder.Tree, ".git");
    private readonly string _repository = workspace.Folder.Git;

    /// <summary>Reads them.</summary>
    public async Task<AgentCommits> ReadAsync(CancellationToken cancellationToken)
    {
        var objects = new DirectoryInfo(Path.Combine(_own, "objects"));
        if (!objects.Exists || objects.LinkTarget is not null || new DirectoryInfo(_own).LinkTarget is not null)
        {
            return new([], "its repository is gone");
        }

        if (!await BorrowsAsBeforeAsync(cancellationToken))
        {
            return new([], "its repository borrows objects from elsewhere");
        }

        var head = (await git.TryAsync(new(_own, "rev-parse", "--verify", "--quiet", "HEAD") { Environment = Alone }, cancellationToken)).Output.Trim();
        return head == workspace.Base.Commit ? None
            : head.Length == 0 ? new([], "its repository has no commit")
            : await ReadAsync(head, cancellationToken);
    }

    private async Task<bool> BorrowsAsBeforeAsync(CancellationToken cancellationToken)
    {
        var file = new FileInfo(Path.Combine(_own, "objects", "info", "alternates"));
        if (!file.Exists || file.LinkTarget is not null || file.Length >= LongestAlternates)
        {
            return false;
        }

        try
        {
            // The agent may have put a pipe there, whose opening would wait for ever.
            var path = new WorkspacePaths(workspace.Folder.Tree).Resolve(Path.GetRelativePath(workspace.Folder.Tree, file.FullName));
            await using var stream = await WorkspaceFiles.OpenAsync(path, cancellationToken);
            using var reader = new StreamReader(stream);
            return await reader.ReadToEndAsync(cancellationToken) == Workspace.AlternatesOf(workspace.Base);
        }
        catch (ToolException)
        {
            return false;
        }
    }

    private async Task<AgentCommits> ReadAsync(string head, CancellationToken cancellationToken)
    {
        var borrowed = new Dictionary<string, string?> { ["GIT_ALTERNATE_OBJECT_DIRECTORIES"] = Path.Combine(_own, "objects") };
        var ancestor = await git.TryAsync(new(_repository, "merge-base", "--is-ancestor", workspace.Base.Commit, head) { Environment = borrowed }, cancellationToken);
        if (ancestor.ExitCode != 0)
        {
            return new([], ancestor.ExitCode == 1 ? "it rewrote the history that its work began from" : $"git cannot read them ({GitException.Clean(ancestor.Error)})");
        }

        var known = await KnownAsync(cancellationToken);
        var range = string.Concat(new[] { head, "^" + workspace.Base.Commit }.Concat(known).Select(line => line + "\n"));
        var count = await git.TryAsync(new(_repository, "rev-list", "--count", "--stdin") { Environment = borrowed, Input = PipeSource.FromString(range) }, cancellationToken);
        if (count.ExitCode == 0 && int.TryParse(count.Output.Trim(), out var number) && number > Most)
        {
            return new([], $"there are {number}, more than {Most}");
        }

        var pack = Path.Combine(workspace.Folder.Root, "agent.pack");
        var packed = await git.TryAsync(new(_repository, "pack-objects", "--revs", "--stdout", "--quiet")
        {
            Environment = borrowed,
            Input = PipeSource.FromString($"{head}\n^{workspace.Base.Commit}\n"),
            Output = PipeTarget.ToFile(pack),
        }, cancellationToken);

        // Of a partial clone, not everything that they name is there.
        var copied = packed.ExitCode != 0 ? packed
            : await git.TryAsync(new(_repository, "index-pack", workspace.Base.IsPartial ? "--fsck-objects" : "--strict", "--stdin") { Input = PipeSource.FromFile(pack) }, cancellationToken);
        File.Delete(pack);
        return copied.ExitCode != 0 ? new([], $"git cannot read them ({GitException.Clean(copied.Error)})") : new(await LogAsync(range, cancellationToken));
    }

    // What came from the other side is somebody else's: it keeps its own committer, and so its id.
    private async Task<IEnumerable<string>> KnownAsync(CancellationToken cancellationToken) =>
        (await git.RunAsync(new(workspace.Base.Folder, "for-each-ref", "--format=^%(objectname)", "refs/remotes/origin", "refs/tags"), cancellationToken))
            .Split('\n', StringSplitOptions.RemoveEmptyEntries).Distinct();

    private async Task<IReadOnlyList<CommitDraft>> LogAsync(string range, CancellationToken cancellationToken)
    {
        var call = new GitCall(_repository, "log", "-z", "--topo-order", "--reverse", "--no-show-signature", "--no-mailmap", "--date=raw",
            "--format=%H%x00%P%x00%T%x00%an%x00%ae%x00%ad%x00%B", "--stdin");
        var log = await git.RunAsync(call with { Input = PipeSource.FromString(range) }, cancellationToken);
        return [.. log.Split('\0').Chunk(Fields).Where(fields => fields.Length == Fields).Select(fields =>
            new CommitDraft(fields[0], fields[1].Split(' ', StringSplitOptions.RemoveEmptyEntries), fields[2], fields[6], new(fields[3], fields[4], "@" + fields[5])))];
    }
}
