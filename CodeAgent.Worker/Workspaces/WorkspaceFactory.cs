using CodeAgent.Contracts;
using CodeAgent.Worker.Configuration;

namespace CodeAgent.Worker.Workspaces;

/// <summary>Makes the workspace of a lease.</summary>
internal sealed class WorkspaceFactory(RepositoryCache cache, Git git, RepositoryLayout layout, CurrentOptions options, TimeProvider time)
{
    /// <summary>Fetches the repository and puts its files into the lease's folder. Where the lease goes on from a checkpoint, at the commit that it names.</summary>
    /// <exception cref="TaskFailedException">There is no such repository, or it has no such commit.</exception>
    public async Task<Workspace> OpenAsync(Lease lease, TaskFolder folder, CancellationToken cancellationToken)
    {
        var repository = lease.Request.Repository;
        if (repository is not null && lease.Checkpoint is { } checkpoint)
        {
            // The branch may have moved since; the work has not.
            repository = repository with { Ref = checkpoint.BaseCommit };
        }

        var origin = await cache.FetchAsync(repository, cancellationToken);
        var workspace = new Workspace(folder, origin, git, layout, cache, repository is { Sparse.Count: > 0 } ? new(repository.Sparse) : null);
        var committer = options().Committer;
        await workspace.FillAsync(new(committer.Name, committer.Email, time.GetUtcNow()), cancellationToken);
        if (repository is { Submodules: true })
        {
            await new Submodules(cache, git, folder).FillAsync(origin, folder.Tree, cancellationToken);
        }

        return workspace;
    }
}
