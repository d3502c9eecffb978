using System.Globalization;
using CodeAgent.Contracts;
using CodeAgent.Worker.Workspaces;

namespace CodeAgent.Worker.Deliveries;

/// <summary>Pushes a task's branch: only makes it, never moves one that is there.</summary>
internal sealed class BranchPusher(Git git)
{
    /// <summary>Finds out whether the branch could be pushed, without making it.</summary>
    /// <param name="repository">The repository to push from.</param>
    /// <param name="url">The one to push to.</param>
    /// <param name="commit">A commit that the other side has.</param>
    /// <param name="branch">The branch.</param>
    /// <param name="mayExist">Whether an attempt before this one may have made it.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="TaskFailedException">It could not.</exception>
    public async Task RequireRightAsync(string repository, string url, string commit, string branch, bool mayExist, CancellationToken cancellationToken)
    {
        var reference = "refs/heads/" + branch;
        var tried = await RemoteRetries.Pipeline.ExecuteAsync(async token =>
            await git.TryAsync(new(repository, "push", "--dry-run", "--porcelain", "--no-verify", $"--force-with-lease={reference}:", "--", url, $"{commit}:{reference}") { Remote = url }, token), cancellationToken);
        var exists = tried.Output.Contains("(stale info)", StringComparison.Ordinal) || tried.Output.Contains("[up to date]", StringComparison.Ordinal);
        if (exists ? mayExist : tried.ExitCode == 0)
        {
            return;
        }

        throw exists
            ? Failed($"The branch {branch} exists at {GitException.Clean(url)} already; it is not overwritten. Nothing was run.")
            : Failed($"The worker may not push to {GitException.Clean(url)}, so nothing was run: {GitException.Clean(tried.Error)}");
    }

    /// <summary>Pushes. Returns the commit that is there: the same work under another id where an attempt before this one pushed it.</summary>
    /// <exception cref="TaskFailedException">The other side refuses, or has such a branch already.</exception>
    public async Task<string> PushAsync(string repository, string url, string commit, string branch, DeliveryOrder order, CancellationToken cancellationToken)
    {
        var reference = "refs/heads/" + branch;
        var last = await RemoteRetries.Pipeline.ExecuteAsync(async token => await OnceAsync(token), cancellationToken);
        return last.ExitCode == 0 ? last.Output : throw Failed($"The branch could not be pushed to {GitException.Clean(url)}: {GitException.Clean(last.Error)}");

        async Task<GitResult> OnceAsync(CancellationToken token)
        {
            var found = await git.TryAsync(new(repository, "ls-remote", "--quiet", "--", url, reference) { Remote = url }, token);
            var there = found.Output.Split('\t')[0].Trim();
            if (found.ExitCode != 0 || there == commit || (there.Length > 0 && await IsOursAsync(repository, url, reference, there, order, token)))
            {
                return found with { Output = there };
            }

            if (there.Length > 0)
            {
                throw Failed($"The branch {branch} exists at {GitException.Clean(url)} already, at {there}; it is not overwritten.");
            }

            // "With lease", expecting nothing: the branch may only be made, not moved, even if somebody made it just now.
            var pushed = await git.TryAsync(new(repository, "push", "--quiet", "--no-verify", $"--force-with-lease={reference}:", "--", url, $"{commit}:{reference}") { Remote = url }, token);
            return pushed with { Output = commit };
        }
    }

    // Signed or rebased twice, the same work is two commits. The task's id and the time at which its agent was done tell it from any other.
    private async Task<bool> IsOursAsync(string repository, string url, string reference, string there, DeliveryOrder order, CancellationToken cancellationToken)
    {
        await git.TryAsync(new(repository, "fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance", "--", url, reference) { Remote = url }, cancellationToken);
        var told = await git.TryAsync(new(repository, "log", "-1", "--format=%ct %(trailers:key=Task,valueonly,separator=%x2C)", there, "--"), cancellationToken);
        return told.Output.Trim() == string.Create(CultureInfo.InvariantCulture, $"{order.FinishedAt.ToUnixTimeSeconds()} {order.TaskId}");
    }

    private static TaskFailedException Failed(string message) => new(FailureCodes.DeliveryFailed, message);
}
