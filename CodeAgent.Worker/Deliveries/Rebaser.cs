using CodeAgent.Contracts;
using CodeAgent.Worker.Workspaces;

namespace CodeAgent.Worker.Deliveries;

/// <summary>Puts commits on another base, file by file, without a work tree.</summary>
internal sealed class Rebaser(Git git)
{
    private const int MostNamed = 20;
    private static readonly CommitIdentity Nobody = new("CodeAgent", "codeagent@localhost", DateTimeOffset.UnixEpoch);

    /// <summary>The same commits on top of another one.</summary>
    /// <param name="repository">Where their objects are.</param>
    /// <param name="drafts">A line of commits, the first on top of <paramref name="from"/>.</param>
    /// <param name="from">The base they are on.</param>
    /// <param name="onto">The base they are to be on.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="TaskFailedException">They change what was changed there as well.</exception>
    public async Task<IReadOnlyList<CommitDraft>> RebaseAsync(string repository, IReadOnlyList<CommitDraft> drafts, string from, string onto, CancellationToken cancellationToken)
    {
        var moved = new List<CommitDraft>();
        var (before, ours, parent) = (await TreeAsync(repository, from, cancellationToken), await TreeAsync(repository, onto, cancellationToken), onto);
        foreach (var draft in drafts)
        {
            ours = await MergeAsync(repository, before, ours, draft.Tree, onto, cancellationToken);
            moved.Add(draft with { Tree = ours, Parents = [parent] });
            (before, parent) = (draft.Tree, draft.Id);
        }

        return moved;
    }

    private Task<string> TreeAsync(string repository, string commit, CancellationToken cancellationToken) =>
        git.RunAsync(new(repository, "rev-parse", "--verify", commit + "^{tree}"), cancellationToken);

    private async Task<string> MergeAsync(string repository, string before, string ours, string theirs, string onto, CancellationToken cancellationToken)
    {
        if (before == ours || before == theirs)
        {
            return before == ours ? theirs : ours;
        }

        // Git merges commits, not trees: these three stand for the trees, so that their common ancestor is the one that is meant.
        var root = await CommitAsync(repository, before, null, cancellationToken);
        var merged = await git.TryAsync(new(repository, "merge-tree", "--write-tree", "-z", "--name-only", "--no-messages",
            await CommitAsync(repository, ours, root, cancellationToken), await CommitAsync(repository, theirs, root, cancellationToken)), cancellationToken);
        var answer = merged.Output.Split('\0', StringSplitOptions.RemoveEmptyEntries);
        return merged.ExitCode switch
        {
            0 => answer[0],
            1 => throw Failed($"The base branch has moved to {onto} meanwhile, and the work does not fit on it: {Names(answer[1..])} changed on both sides. The patch is kept."),
            _ => throw Failed($"The work could not be put on {onto}, which needs git 2.38 or newer: {GitException.Clean(merged.Error)}"),
        };
    }

    private static string Names(string[] files) =>
        string.Join(", ", files.Distinct().Take(MostNamed)) + (files.Length > MostNamed ? $" and {files.Length - MostNamed} more" : "");

    private Task<string> CommitAsync(string repository, string tree, string? parent, CancellationToken cancellationToken) =>
        git.RunAsync(new(repository, ["commit-tree", tree, .. parent is null ? [] : new[] { "-p", parent }, "-m", "-"]) { Environment = Nobody.Environment }, cancellationToken);

    private static TaskFailedException Failed(string message) => new(FailureCodes.DeliveryFailed, message);
}
