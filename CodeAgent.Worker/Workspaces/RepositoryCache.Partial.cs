using CliWrap;
using CodeAgent.Contracts;

namespace CodeAgent.Worker.Workspaces;

// Partial clones (git-rev-list(1), --filter=blob:none): commits and folders are all there, contents of files only where somebody needed
// them. Git would fetch what is missing by itself, one by one and with whatever credentials it finds, whenever it reads it: the worker
// never lets it (GIT_NO_LAZY_FETCH), and fetches before.
internal sealed partial class RepositoryCache
{
    private const string Filter = "--filter=blob:none";
    private const string Promised = "promisor remote";

    /// <summary>Fetches what is missing of some contents of files; all at once, for whatever borrows from the cache.</summary>
    /// <param name="commit">Where it came from. Nothing is missing, and nothing done, unless it is partial.</param>
    /// <param name="repository">The repository that needs them: one that borrows from the cache.</param>
    /// <param name="objects">Their ids.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="TaskFailedException">They cannot be had.</exception>
    public async Task RequireAsync(CachedCommit commit, string repository, IReadOnlyCollection<string> objects, CancellationToken cancellationToken)
    {
        if (!commit.IsPartial)
        {
            return;
        }

        // As a rule nothing is, and then nobody is waited for.
        if ((await MissingAsync(repository, objects, cancellationToken)).Length == 0)
        {
            return;
        }

        using var held = await HoldAsync(commit.Folder, cancellationToken);
        var missing = await MissingAsync(repository, objects, cancellationToken);
        if (missing.Length == 0)
        {
            return;
        }

        if (LocalRepository.Refusal(commit.Url!, folders) is { } refusal)
        {
            throw Unavailable(commit.Url!, refusal);
        }

        // What is there already cannot shorten it: nothing is negotiated.
        var call = new GitCall(commit.Folder, "-c", "gc.auto=0", "-c", "fetch.negotiationAlgorithm=noop", "fetch", "--quiet", "--no-tags", "--no-write-fetch-head",
            "--no-auto-maintenance", "--recurse-submodules=no", Filter, "--stdin", "--", commit.Url!)
        { Remote = commit.Url };
        var result = await RemoteRetries.Pipeline.ExecuteAsync(async token => await git.TryAsync(call with { Input = Lines(missing) }, token), cancellationToken);
        if (result.ExitCode != 0)
        {
            throw Unavailable(commit.Url!, result.Error);
        }
    }

    private static string[] FilterOf(RepositoryRequest repository) => repository.Partial ? [Filter] : [];

    private async Task<string[]> MissingAsync(string repository, IReadOnlyCollection<string> objects, CancellationToken cancellationToken)
    {
        var found = await git.RunAsync(new(repository, "cat-file", "--batch-check=%(objectname)") { Input = Lines(objects) }, cancellationToken);
        return [.. found.Split('\n').Where(line => line.EndsWith(" missing", StringComparison.Ordinal)).Select(line => line.Split(' ')[0])];
    }

    private static PipeSource Lines(IEnumerable<string> lines) => PipeSource.FromString(string.Concat(lines.Select(line => line + '\n')));
}
