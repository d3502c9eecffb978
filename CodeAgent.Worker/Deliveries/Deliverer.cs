using CliWrap;
using CodeAgent.Contracts;
using CodeAgent.Worker.Configuration;
using CodeAgent.Worker.Workspaces;

namespace CodeAgent.Worker.Deliveries;

/// <summary>What is to be delivered.</summary>
/// <param name="TaskId">The task.</param>
/// <param name="Request">How it is to be handed over.</param>
/// <param name="Prompt">What was asked for.</param>
/// <param name="Summary">What the agent says it did.</param>
/// <param name="FinishedAt">When the agent was done; the commit's time, so that a delivery that is repeated makes the same commit.</param>
internal sealed record DeliveryOrder(Guid TaskId, DeliveryRequest Request, string Prompt, string? Summary, DateTimeOffset FinishedAt);

/// <summary>Makes the commit and the branch, and pushes it where that is asked for.</summary>
internal sealed class Deliverer(RepositoryCache cache, Git git, CurrentOptions options)
{
    /// <summary>Delivers a tree of the workspace.</summary>
    /// <param name="workspace">The workspace.</param>
    /// <param name="tree">The tree.</param>
    /// <param name="order">How.</param>
    /// <param name="confirm">Asks whether the work is still ours, before anything leaves the machine.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="TaskFailedException">The branch could not be made or pushed.</exception>
    public async Task<Delivery> DeliverAsync(Workspace workspace, string tree, DeliveryOrder order, Func<Task> confirm, CancellationToken cancellationToken)
    {
        var branch = order.Request.Branch.Replace("{id}", order.TaskId.ToString(), StringComparison.Ordinal);
        var reference = "refs/heads/" + branch;
        var repository = workspace.Folder.Git;
        if ((await git.TryAsync(new(repository, "check-ref-format", reference), cancellationToken)).ExitCode != 0)
        {
            throw Failed($"'{branch}' cannot be the name of a branch.");
        }

        var commit = await CommitAsync(workspace, tree, order, cancellationToken);
        var push = order.Request.Push && workspace.Base.Url is not null;
        await KeepAsync(workspace, commit, reference, order.TaskId, push, cancellationToken);
        if (push)
        {
            await confirm();
            await PushAsync(repository, workspace.Base.Url!, commit, reference, cancellationToken);
        }

        return new()
        {
            Branch = branch,
            BaseCommit = workspace.Base.Commit,
            Commit = commit,
            Pushed = push,
            FilesChanged = await workspace.CountChangesAsync(tree, cancellationToken),
        };
    }

    private async Task<string> CommitAsync(Workspace workspace, string tree, DeliveryOrder order, CancellationToken cancellationToken)
    {
        if (tree == await workspace.BaseTreeAsync(cancellationToken))
        {
            return workspace.Base.Commit;
        }

        var committer = options().Committer;
        return await git.RunAsync(new(workspace.Folder.Git, "commit-tree", tree, "-p", workspace.Base.Commit, "-F", "-")
        {
            Input = PipeSource.FromString(CommitMessage.Make(order)),
            Environment = new CommitIdentity(committer.Name, committer.Email, order.FinishedAt).Environment,
        }, cancellationToken);
    }

    // The workspace goes; the commit stays in the cache under the task's id, and as the branch as far as its name is free there.
    private async Task KeepAsync(Workspace workspace, string commit, string reference, Guid task, bool pushed, CancellationToken cancellationToken)
    {
        using var held = await cache.HoldAsync(workspace.Base.Folder, cancellationToken);
        await git.RunAsync(new(workspace.Folder.Git, "push", "--quiet", "--force", "--no-verify", "--", workspace.Base.Folder,
            $"{commit}:refs/codeagent/{task}"), cancellationToken);
        var kept = await git.TryAsync(new(workspace.Folder.Git, "push", "--quiet", "--force", "--no-verify", "--", workspace.Base.Folder,
            $"{commit}:{reference}"), cancellationToken);
        if (kept.ExitCode != 0 && !pushed)
        {
            // What git says begins with lines about the cache, which mean nothing to whoever reads this. A branch "a" beside "a/b" is the usual cause.
            var reason = kept.Error.Split('\n').FirstOrDefault(line => line.Contains("error:", StringComparison.Ordinal)) ?? kept.Error;
            throw Failed($"The branch {reference["refs/heads/".Length..]} cannot be made: {GitException.Clean(reason)}");
        }
    }

    private async Task PushAsync(string repository, string url, string commit, string reference, CancellationToken cancellationToken)
    {
        var found = await git.TryAsync(new(repository, "ls-remote", "--quiet", "--", url, reference) { Remote = url }, cancellationToken);
        if (found.ExitCode != 0)
        {
            throw Failed($"The branch could not be pushed to {GitException.Clean(url)}: {GitException.Clean(found.Error)}");
        }

        var there = found.Output.Split('\t')[0].Trim();
        if (there == commit)
        {
            return;
        }

        if (there.Length > 0)
        {
            throw Failed($"The branch {reference["refs/heads/".Length..]} exists at {GitException.Clean(url)} already, at {there}; it is not overwritten.");
        }

        // "With lease", expecting nothing: the branch may only be made, not moved, even if somebody made it just now.
        var pushed = await git.TryAsync(new(repository, "push", "--quiet", "--no-verify", $"--force-with-lease={reference}:", "--", url, $"{commit}:{reference}") { Remote = url }, cancellationToken);
        if (pushed.ExitCode != 0)
        {
            throw Failed($"The branch could not be pushed to {GitException.Clean(url)}: {GitException.Clean(pushed.Error)}");
        }
    }

    private static TaskFailedException Failed(string message) => new(FailureCodes.DeliveryFailed, message);
}
