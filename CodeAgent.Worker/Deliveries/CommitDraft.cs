using CodeAgent.Worker.Workspaces;

namespace CodeAgent.Worker.Deliveries;

/// <summary>A commit that is to be made.</summary>
/// <param name="Id">What parents in other drafts call it.</param>
/// <param name="Parents">Other drafts, or commits that are there.</param>
/// <param name="Tree">Its files.</param>
/// <param name="Message">Its message.</param>
/// <param name="Author">Who made it, and when.</param>
internal sealed record CommitDraft(string Id, IReadOnlyList<string> Parents, string Tree, string Message, CommitAuthor Author);

/// <summary>The author of a commit.</summary>
/// <param name="Name">The name.</param>
/// <param name="Email">The address.</param>
/// <param name="Date">When, as git takes it.</param>
internal sealed record CommitAuthor(string Name, string Email, string Date)
{
    /// <summary>The worker itself.</summary>
    public static CommitAuthor Of(CommitIdentity identity) => new(identity.Name, identity.Email, identity.Environment["GIT_AUTHOR_DATE"]!);
}

/// <summary>What is to be committed.</summary>
/// <param name="Drafts">In order, parents first. None where nothing changed.</param>
/// <param name="Warning">Why it is not what was asked for.</param>
internal sealed record CommitPlan(IReadOnlyList<CommitDraft> Drafts, string? Warning = null);
