using CliWrap;
using CodeAgent.Worker.Configuration;
using CodeAgent.Worker.Workspaces;

namespace CodeAgent.Worker.Deliveries;

/// <summary>Makes commits in the worker's own repository, signed where the configuration says so.</summary>
internal sealed class CommitWriter(Git git, CurrentOptions options, TimeProvider time)
{
    /// <summary>Makes the commits of a plan; returns the last.</summary>
    /// <param name="folder">Of the lease; in its own repository.</param>
    /// <param name="drafts">The commits, parents first.</param>
    /// <param name="at">When they are committed: with the same time, the same drafts are the same commits.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="GitException">One could not be made; with a key that cannot sign, for instance.</exception>
    public async Task<string> WriteAsync(TaskFolder folder, IReadOnlyList<CommitDraft> drafts, DateTimeOffset at, CancellationToken cancellationToken)
    {
        var committer = options().Committer;
        var identity = new CommitIdentity(committer.Name, committer.Email, at);
        await using var signer = await CommitSigner.CreateAsync(committer.Signing, folder, time, cancellationToken);
        var made = new Dictionary<string, string>();
        foreach (var draft in drafts)
        {
            var parents = draft.Parents.SelectMany(parent => new[] { "-p", made.GetValueOrDefault(parent, parent) });
            made[draft.Id] = await git.RunAsync(new(folder.Git, [.. signer.Config, "commit-tree", .. signer.Options, draft.Tree, .. parents, "-F", "-"])
            {
                Input = PipeSource.FromString(draft.Message),
                Environment = new Dictionary<string, string?>(identity.Environment.Concat(signer.Environment))
                {
                    ["GIT_AUTHOR_NAME"] = draft.Author.Name,
                    ["GIT_AUTHOR_EMAIL"] = draft.Author.Email,
                    ["GIT_AUTHOR_DATE"] = draft.Author.Date,
                },
            }, cancellationToken);
        }

        return made[drafts[^1].Id];
    }
}
