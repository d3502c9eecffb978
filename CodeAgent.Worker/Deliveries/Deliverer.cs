using CodeAgent.Contracts;
using CodeAgent.Worker.Configuration;
using CodeAgent.Worker.Deliveries.PullRequests;
using CodeAgent.Worker.Workspaces;

namespace CodeAgent.Worker.Deliveries;

/// <summary>What is to be delivered.</summary>
/// <param name="TaskId">The task.</param>
/// <param name="Request">How it is to be handed over.</param>
/// <param name="Prompt">What was asked for.</param>
/// <param name="Summary">What the agent says it did.</param>
/// <param name="FinishedAt">When the agent was done; the commit's time, so that a delivery that is repeated makes the same commit.</param>
/// <param name="Repository">The repository as it was asked for; none for an empty workspace.</param>
internal sealed record DeliveryOrder(Guid TaskId, DeliveryRequest Request, string Prompt, string? Summary, DateTimeOffset FinishedAt, RepositoryRequest? Repository = null)
{
    /// <summary>The branch's name.</summary>
    public string Branch => Request.Branch.Replace("{id}", TaskId.ToString(), StringComparison.Ordinal);
}

/// <summary>Makes the commits and the branch, and pushes it and opens a pull request where that is asked for.</summary>
internal sealed class Deliverer(RepositoryCache cache, Git git, PullRequestOpener pullRequests, CurrentOptions options, TimeProvider time)
{
    private readonly CommitPlanner _planner = new(git, options);
    private readonly CommitWriter _writer = new(git, options, time);
    private readonly Rebaser _rebaser = new(git);
    private readonly BranchPusher _pusher = new(git);

    /// <summary>Finds out whether the branch that is asked for could be pushed, before anything is done for it.</summary>
    /// <param name="workspace">The workspace.</param>
    /// <param name="order">How it is to be delivered.</param>
    /// <param name="mayExist">Whether an attempt before this one may have pushed it.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="TaskFailedException">It could not.</exception>
    public async Task RequirePushAsync(Workspace workspace, DeliveryOrder order, bool mayExist, CancellationToken cancellationToken)
    {
        if (order.Request.Push && workspace.Base.Url is { } url)
        {
            await RequireNameAsync(workspace, order, cancellationToken);
            await _pusher.RequireRightAsync(workspace.Folder.Git, url, workspace.Base.Commit, order.Branch, mayExist, cancellationToken);
        }
    }

    /// <summary>Delivers a tree of the workspace.</summary>
    /// <param name="workspace">The workspace.</param>
    /// <param name="tree">The tree.</param>
    /// <param name="order">How.</param>
    /// <param name="confirm">Asks whether the work is still ours, before anything leaves the machine.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="TaskFailedException">The branch could not be made or pushed.</exception>
    public async Task<Delivery> DeliverAsync(Workspace workspace, string tree, DeliveryOrder order, Func<Task> confirm, CancellationToken cancellationToken)
    {
        await RequireNameAsync(workspace, order, cancellationToken);
        var plan = await _planner.PlanAsync(workspace, tree, order, cancellationToken);
        (plan, var onto) = await RebaseAsync(workspace, tree, plan, order, cancellationToken);
        var commit = await CommitAsync(workspace, plan, order, cancellationToken);
        var push = order.Request.Push && workspace.Base.Url is not null;
        await KeepAsync(workspace, commit, order, push, cancellationToken);
        var delivery = new Delivery
        {
            Branch = order.Branch,
            BaseCommit = workspace.Base.Commit,
            Commit = commit,
            Pushed = push,
            FilesChanged = await workspace.CountChangesAsync(tree, cancellationToken),
            RebasedOnto = onto,
            Warning = plan.Warning,
        };
        if (!push)
        {
            return delivery;
        }

        await confirm();
        delivery = delivery with { Commit = await _pusher.PushAsync(workspace.Folder.Git, workspace.Base.Url!, commit, order.Branch, order, cancellationToken) };
        await ReleaseAsync(workspace, commit, order, cancellationToken);
        return order.Request.PullRequest is null ? delivery : await pullRequests.OpenAsync(workspace, delivery, order, cancellationToken);
    }

    private async Task RequireNameAsync(Workspace workspace, DeliveryOrder order, CancellationToken cancellationToken)
    {
        if ((await git.TryAsync(new(workspace.Folder.Git, "check-ref-format", "refs/heads/" + order.Branch), cancellationToken)).ExitCode != 0)
        {
            throw Failed($"'{order.Branch}' cannot be the name of a branch.");
        }
    }

    private async Task<(CommitPlan Plan, string? Onto)> RebaseAsync(Workspace workspace, string tree, CommitPlan plan, DeliveryOrder order, CancellationToken cancellationToken)
    {
        if (order.Request.OnMovedBase == MovedBase.Ignore || order.Repository is null || plan.Drafts.Count == 0)
        {
            return (plan, null);
        }

        var newest = (await cache.FetchAsync(order.Repository, cancellationToken)).Commit;
        if (newest == workspace.Base.Commit)
        {
            return (plan, null);
        }

        if (order.Request.OnMovedBase == MovedBase.Fail)
        {
            throw Failed($"The base branch has moved from {workspace.Base.Commit} to {newest} while the task ran. The patch is kept.");
        }

        if (!IsLine(plan.Drafts, workspace.Base.Commit))
        {
            plan = _planner.Squash(workspace, tree, order, "The work is one commit: the agent's own could not be kept, because they are no single line that could be put on the base branch's newest commit.");
        }

        await workspace.RequireForRebaseAsync(plan.Drafts.Select(draft => draft.Tree), newest, cancellationToken);
        return (plan with { Drafts = await _rebaser.RebaseAsync(workspace.Folder.Git, plan.Drafts, workspace.Base.Commit, newest, cancellationToken) }, newest);
    }

    private static bool IsLine(IReadOnlyList<CommitDraft> drafts, string from) =>
        drafts.Zip(drafts.Select(draft => draft.Id).Prepend(from)).All(pair => pair.First.Parents is [var parent] && parent == pair.Second);

    private async Task<string> CommitAsync(Workspace workspace, CommitPlan plan, DeliveryOrder order, CancellationToken cancellationToken)
    {
        try
        {
            return plan.Drafts.Count == 0 ? workspace.Base.Commit : await _writer.WriteAsync(workspace.Folder, plan.Drafts, order.FinishedAt, cancellationToken);
        }
        catch (GitException e)
        {
            throw Failed($"The commit could not be made: {e.Message}");
        }
    }

    // The workspace goes; the commit stays in the cache under the task's id, and as the branch as far as its name is free there.
    private async Task KeepAsync(Workspace workspace, string commit, DeliveryOrder order, bool pushed, CancellationToken cancellationToken)
    {
        using var held = await cache.HoldAsync(workspace.Base.Folder, cancellationToken);
        await git.RunAsync(new(workspace.Folder.Git, "push", "--quiet", "--force", "--no-verify", "--", workspace.Base.Folder,
            $"{commit}:refs/codeagent/{order.TaskId}"), cancellationToken);
        var kept = await git.TryAsync(new(workspace.Folder.Git, "push", "--quiet", "--force", "--no-verify", "--", workspace.Base.Folder,
            $"{commit}:refs/heads/{order.Branch}"), cancellationToken);
        if (kept.ExitCode != 0 && !pushed)
        {
            // What git says begins with lines about the cache, which mean nothing to whoever reads this. A branch "a" beside "a/b" is the usual cause.
            var reason = kept.Error.Split('\n').FirstOrDefault(line => line.Contains("error:", StringComparison.Ordinal)) ?? kept.Error;
            throw Failed($"The branch {order.Branch} cannot be made: {GitException.Clean(reason)}");
        }
    }

    // What the other side has, the cache need not keep.
    private async Task ReleaseAsync(Workspace workspace, string commit, DeliveryOrder order, CancellationToken cancellationToken)
    {
        // The task is as good as done: nothing that others do to the cache may end it otherwise. What stays is only not cleaned up.
        using var held = FileLock.TryAcquire(workspace.Base.Folder + ".lock");
        if (held is null)
        {
            return;
        }

        await git.TryAsync(new(workspace.Base.Folder, "update-ref", "-d", $"refs/codeagent/{order.TaskId}", commit), cancellationToken);
        await git.TryAsync(new(workspace.Base.Folder, "update-ref", "-d", $"refs/heads/{order.Branch}", commit), cancellationToken);
    }

    private static TaskFailedException Failed(string message) => new(FailureCodes.DeliveryFailed, message);
}
