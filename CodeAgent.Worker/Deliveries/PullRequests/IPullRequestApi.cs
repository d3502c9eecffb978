using CodeAgent.Contracts;

namespace CodeAgent.Worker.Deliveries.PullRequests;

/// <summary>The pull requests of a repository at its host.</summary>
internal interface IPullRequestApi
{
    /// <summary>The open one of a branch; null where there is none.</summary>
    /// <exception cref="PullRequestException">The host does not say.</exception>
    Task<PullRequestView?> FindAsync(string branch, CancellationToken cancellationToken);

    /// <summary>Opens one.</summary>
    /// <exception cref="PullRequestException">The host does not want to.</exception>
    Task<PullRequestView> OpenAsync(PullRequestProposal proposal, CancellationToken cancellationToken);
}
