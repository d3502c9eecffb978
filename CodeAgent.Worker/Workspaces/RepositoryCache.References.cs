using System.Text.RegularExpressions;
using CodeAgent.Contracts;

namespace CodeAgent.Worker.Workspaces;

// Which commit a branch, a tag or an id means.
internal sealed partial class RepositoryCache
{
    private const int MostNamed = 10;

    private async Task<string> FindAsync(string folder, RepositoryRequest repository, CancellationToken cancellationToken)
    {
        var reference = repository.Ref;
        if (reference is null)
        {
            return await CommitAsync("refs/remotes/HEAD") ?? (await IsEmptyAsync()
                ? await EmptyCommitAsync(folder, cancellationToken)
                : throw new TaskFailedException(FailureCodes.RefNotFound, $"The repository {GitException.Clean(repository.Url)} has no default branch; name one as repository.ref."));
        }

        if (CommitId().IsMatch(reference))
        {
            if (await CommitAsync(reference) is null)
            {
                // Not part of any branch; many servers give it out by its name all the same.
                await git.TryAsync(new(folder, ["-c", "gc.auto=0", "fetch", "--quiet", .. FilterOf(repository), "--", repository.Url, reference]) { Remote = repository.Url }, cancellationToken);
            }

            // An attempt that goes on in a repository that was empty names the commit that stands for nothing.
            return await CommitAsync(reference) ?? (await EmptyCommitAsync(folder, cancellationToken) == reference ? reference : throw await NotFoundAsync());
        }

        var name = reference.StartsWith("refs/heads/", StringComparison.Ordinal) ? reference["refs/heads/".Length..] : reference;
        var valid = (await git.TryAsync(new(folder, "check-ref-format", "refs/heads/" + name), cancellationToken)).ExitCode == 0;
        string[] candidates = !valid ? [] : reference.StartsWith("refs/tags/", StringComparison.Ordinal) ? [reference] : [$"refs/remotes/origin/{name}", $"refs/tags/{name}"];
        foreach (var candidate in candidates)
        {
            if (await CommitAsync(candidate) is { } commit)
            {
                return commit;
            }
        }

        throw await NotFoundAsync();

        async Task<TaskFailedException> NotFoundAsync()
        {
            var branches = (await git.RunAsync(new(folder, "for-each-ref", $"--count={MostNamed + 1}", "--sort=-committerdate", "--format=%(refname:lstrip=3)", "refs/remotes/origin"), cancellationToken))
                .Split('\n', StringSplitOptions.RemoveEmptyEntries);
            var there = branches.Length == 0 || repository.Depth is not null ? ""
                : $" Its branches are {string.Join(", ", branches.Take(MostNamed))}{(branches.Length > MostNamed ? " and more" : "")}.";
            return new(FailureCodes.RefNotFound, $"The repository {GitException.Clean(repository.Url)} has no branch, tag or commit '{reference}'.{there}");
        }

        async Task<string?> CommitAsync(string revision)
        {
            var result = await git.TryAsync(new(folder, "rev-parse", "--verify", "--quiet", revision + "^{commit}"), cancellationToken);
            return result.ExitCode == 0 ? result.Output.Trim() : null;
        }

        async Task<bool> IsEmptyAsync() =>
            (await git.RunAsync(new(folder, "for-each-ref", "--count=1", "refs/remotes/origin", "refs/tags"), cancellationToken)).Length == 0;
    }

    // The same on every machine and at every time, so that an attempt can go on from the checkpoint of another worker.
    private async Task<string> EmptyCommitAsync(string folder, CancellationToken cancellationToken)
    {
        var tree = await git.RunAsync(new(folder, "hash-object", "-t", "tree", "-w", "--stdin"), cancellationToken);
        var who = new CommitIdentity("CodeAgent", "codeagent@localhost", DateTimeOffset.UnixEpoch);
        return await git.RunAsync(new(folder, "commit-tree", tree, "-m", "Nothing yet") { Environment = who.Environment }, cancellationToken);
    }

    [GeneratedRegex("^[0-9a-f]{40}$")]
    private static partial Regex CommitId();
}
