using CliWrap;
using CodeAgent.Contracts;
using CodeAgent.Worker.Configuration;
using CodeAgent.Worker.Workspaces;

namespace CodeAgent.Worker.Deliveries;

/// <summary>Decides which commits a delivery has.</summary>
internal sealed class CommitPlanner(Git git, CurrentOptions options)
{
    private const string Rest = "rest";

    /// <summary>The plan for a tree of the workspace: its last commit has exactly these files.</summary>
    public async Task<CommitPlan> PlanAsync(Workspace workspace, string tree, DeliveryOrder order, CancellationToken cancellationToken)
    {
        if (order.Request.Commits == CommitHistory.Squash)
        {
            return await SquashAsync(workspace, tree, order, null, cancellationToken);
        }

        var history = await new AgentHistory(git, workspace).ReadAsync(cancellationToken);
        if (history.Reason is not null)
        {
            return await SquashAsync(workspace, tree, order, $"The work is one commit: the agent's own could not be kept, because {history.Reason}.", cancellationToken);
        }

        var drafts = new List<CommitDraft>();
        foreach (var commit in history.Commits)
        {
            drafts.Add(commit with { Author = Named(commit.Author, order), Message = await SignedOffAsync(workspace, commit.Message, order.TaskId, cancellationToken) });
        }

        if (drafts.Count == 0)
        {
            return await SquashAsync(workspace, tree, order, null, cancellationToken);
        }

        return new(drafts[^1].Tree == tree ? drafts : [.. drafts, Draft(Rest, drafts[^1].Id, tree, order)]);
    }

    /// <summary>The same work as one commit.</summary>
    public CommitPlan Squash(Workspace workspace, string tree, DeliveryOrder order, string? warning) => new([Draft(Rest, workspace.Base.Commit, tree, order)], warning);

    private async Task<CommitPlan> SquashAsync(Workspace workspace, string tree, DeliveryOrder order, string? warning, CancellationToken cancellationToken) =>
        tree == await workspace.BaseTreeAsync(cancellationToken) ? new([], warning) : Squash(workspace, tree, order, warning);

    private CommitDraft Draft(string id, string parent, string tree, DeliveryOrder order) =>
        new(id, [parent], tree, CommitMessage.Make(order), CommitAuthor.Of(Identity(order)));

    private CommitIdentity Identity(DeliveryOrder order) => new(options().Committer.Name, options().Committer.Email, order.FinishedAt);

    // Git takes no author without a name.
    private CommitAuthor Named(CommitAuthor author, DeliveryOrder order) =>
        string.IsNullOrWhiteSpace(author.Name) ? CommitAuthor.Of(Identity(order)) with { Date = author.Date } : author;

    private Task<string> SignedOffAsync(Workspace workspace, string message, Guid task, CancellationToken cancellationToken) =>
        git.RunAsync(new(workspace.Folder.Git, "interpret-trailers", "--if-exists", "replace", "--trailer", $"Task: {task}")
        {
            Input = PipeSource.FromString(string.IsNullOrWhiteSpace(message) ? "Without a message\n" : message.TrimEnd() + "\n"),
        }, cancellationToken);
}
