using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using CodeAgent.Contracts;

namespace CodeAgent.Worker.Workspaces;

/// <summary>A commit that is in the cache.</summary>
/// <param name="Folder">The bare repository it is in.</param>
/// <param name="Url">Where it came from; none for an empty workspace.</param>
/// <param name="Commit">The commit.</param>
/// <param name="IsPartial">Whether contents may be missing in it, which <see cref="RepositoryCache.RequireAsync"/> gets.</param>
internal sealed record CachedCommit(string Folder, string? Url, string Commit, bool IsPartial = false);

/// <summary>
/// A bare repository for each address, fetched into again for each lease, so that only what is new crosses the network. The
/// other side's branches are kept under <c>refs/remotes/origin/</c>; <c>refs/heads/</c> has the branches that tasks delivered.
/// </summary>
internal sealed partial class RepositoryCache(WorkFolders folders, Git git, TimeProvider time, ILogger<RepositoryCache> logger)
{
    private const string NoRef = "couldn't find remote ref";
    private const string NoHead = NoRef + " HEAD";
    private const string NotOurs = "not our ref";

    /// <summary>Fetches what a task asks for.</summary>
    /// <exception cref="TaskFailedException">There is no such repository, or it has no such commit.</exception>
    public Task<CachedCommit> FetchAsync(RepositoryRequest? repository, CancellationToken cancellationToken) =>
        FetchAsync(repository, isEnoughIfThere: false, cancellationToken);

    /// <summary>As above; but nothing is fetched where the commit is there already, whatever else is new.</summary>
    /// <exception cref="TaskFailedException">There is no such repository, or it has no such commit.</exception>
    public Task<CachedCommit> FetchCommitAsync(string url, string commit, CancellationToken cancellationToken) =>
        FetchAsync(new() { Url = url, Ref = commit }, isEnoughIfThere: true, cancellationToken);

    private async Task<CachedCommit> FetchAsync(RepositoryRequest? repository, bool isEnoughIfThere, CancellationToken cancellationToken)
    {
        var folder = FolderOf(repository);
        var asked = time.GetUtcNow();
        using var held = await HoldAsync(folder, cancellationToken);
        await RemoveStaleLocksAsync(folder);
        await InitializeAsync(folder, cancellationToken);
        if (repository is null)
        {
            await File.WriteAllTextAsync(StampOf(folder), "", cancellationToken);
            return new(folder, null, await EmptyCommitAsync(folder, cancellationToken));
        }

        if (isEnoughIfThere && (await git.TryAsync(new(folder, "cat-file", "-e", repository.Ref + "^{commit}"), cancellationToken)).ExitCode == 0)
        {
            File.SetLastWriteTimeUtc(StampOf(folder), time.GetUtcNow().UtcDateTime);
            return new(folder, repository.Url, repository.Ref!, repository.Partial);
        }

        if (LocalRepository.Refusal(repository.Url, folders) is { } refusal)
        {
            throw Unavailable(repository.Url, refusal);
        }

        if (repository.Depth is not null || !await WasFetchedSinceAsync(folder, asked, cancellationToken))
        {
            var began = time.GetUtcNow();
            await (repository.Depth is { } depth ? FetchShallowAsync(folder, repository, depth, cancellationToken) : FetchAllAsync(folder, repository, cancellationToken));
            await File.WriteAllTextAsync(StampOf(folder), began.UtcTicks.ToString(CultureInfo.InvariantCulture), cancellationToken);
        }
        else
        {
            File.SetLastWriteTimeUtc(StampOf(folder), time.GetUtcNow().UtcDateTime);
        }

        var commit = await FindAsync(folder, repository, cancellationToken);
        LogFetched(GitException.Clean(repository.Url), commit);
        return new(folder, repository.Url, commit, repository.Partial);
    }

    /// <summary>When a repository of the cache was last fetched into, or asked for.</summary>
    public static DateTimeOffset UsedAt(string folder) => File.GetLastWriteTimeUtc(File.Exists(StampOf(folder)) ? StampOf(folder) : Path.Combine(folder, "HEAD"));

    /// <summary>Keeps everybody else, in this process and in others, from changing a repository of the cache.</summary>
    public Task<FileLock> HoldAsync(string folder, CancellationToken cancellationToken) => FileLock.AcquireAsync(folder + ".lock", time, cancellationToken);

    // Again where it did not come to its end; the mark is written after it.
    private async Task InitializeAsync(string folder, CancellationToken cancellationToken)
    {
        var mark = Path.Combine(folder, "codeagent");
        if (!File.Exists(mark))
        {
            await git.RunAsync(new(folder, "init", "--quiet", "--bare", "--template="), cancellationToken);
            await File.WriteAllTextAsync(mark, "", cancellationToken);
        }
    }

    // A history that is cut off has a repository of its own: in the other it would cut off every task's. So has one without all contents.
    private string FolderOf(RepositoryRequest? repository) => Path.Combine(folders.Cache, repository is null ? "empty.git"
        : Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(repository.Url)))[..32] + (repository.Depth is null ? "" : "-shallow") + (repository.Partial ? "-partial" : "") + ".git");

    // Only what is asked for, since each branch would come with its own piece of history.
    private async Task FetchShallowAsync(string folder, RepositoryRequest repository, int depth, CancellationToken cancellationToken)
    {
        var name = repository.Ref?.StartsWith("refs/heads/", StringComparison.Ordinal) == true ? repository.Ref["refs/heads/".Length..] : repository.Ref;
        string[] references = name is null ? ["+HEAD:refs/remotes/HEAD"]
            : CommitId().IsMatch(name) ? [name]
            : name.StartsWith("refs/tags/", StringComparison.Ordinal) ? [$"+{name}:{name}"]
            : [$"+refs/heads/{name}:refs/remotes/origin/{name}", $"+refs/tags/{name}:refs/tags/{name}"];
        GitResult? result = null;
        foreach (var reference in references)
        {
            var call = new GitCall(folder, ["-c", "gc.auto=0", "fetch", "--quiet", "--no-tags", "--force", "--no-auto-maintenance",
                "--depth", depth.ToString(CultureInfo.InvariantCulture), .. FilterOf(repository), "--", repository.Url, reference]);
            result = await RemoteRetries.Pipeline.ExecuteAsync(async token => await git.TryAsync(call with { Remote = repository.Url }, token), cancellationToken);
            if (result.ExitCode == 0)
            {
                return;
            }
        }

        // A ref that is not there is told as what it is, by whoever looks for it now.
        if (!result!.Error.Contains(NoRef, StringComparison.Ordinal) && !result.Error.Contains(NotOurs, StringComparison.Ordinal))
        {
            throw Unavailable(repository.Url, result.Error);
        }

        foreach (var target in references.Where(reference => reference.Contains(':', StringComparison.Ordinal)))
        {
            await git.TryAsync(new(folder, "update-ref", "-d", target.Split(':')[1]), cancellationToken);
        }
    }

    private static TaskFailedException Unavailable(string url, string reason) => new(FailureCodes.RepositoryUnavailable,
        $"The repository {GitException.Clean(url)} could not be fetched: {GitException.Clean(reason)}");

    // Whoever waited here for others may have been fetched for. A fetch that began before it asked may have missed what it was told of.
    private static async Task<bool> WasFetchedSinceAsync(string folder, DateTimeOffset asked, CancellationToken cancellationToken) =>
        File.Exists(StampOf(folder))
        && long.TryParse(await File.ReadAllTextAsync(StampOf(folder), cancellationToken), NumberStyles.None, CultureInfo.InvariantCulture, out var began)
        && began > asked.UtcTicks;

    // Also says when the repository was last used.
    private static string StampOf(string folder) => Path.Combine(folder, "codeagent-fetched");

    private async Task FetchAllAsync(string folder, RepositoryRequest repository, CancellationToken cancellationToken)
    {
        var url = repository.Url;
        string[] all = ["+refs/heads/*:refs/remotes/origin/*", "+refs/tags/*:refs/tags/*"];
        string[] references = [.. all, "+HEAD:refs/remotes/HEAD"];
        var result = await RemoteRetries.Pipeline.ExecuteAsync(async token => await FetchAsync([], token), cancellationToken);
        if (result.ExitCode != 0 && result.Error.Contains(NoHead, StringComparison.Ordinal))
        {
            // It is empty, or its default branch does not exist.
            await git.TryAsync(new(folder, "update-ref", "-d", "refs/remotes/HEAD"), cancellationToken);
            references = all;
            result = await FetchAsync([], cancellationToken);
        }

        if (result.ExitCode != 0 && repository.Partial && result.Error.Contains(Promised, StringComparison.Ordinal))
        {
            // A server that does not filter any more sends differences from contents that it thinks are here.
            result = await FetchAsync(["--refetch"], cancellationToken);
        }

        if (result.ExitCode != 0)
        {
            throw Unavailable(url, result.Error);
        }

        Task<GitResult> FetchAsync(string[] options, CancellationToken token) => git.TryAsync(
            new(folder, ["-c", "gc.auto=0", "fetch", "--quiet", "--prune", "--force", "--no-auto-maintenance", .. options, .. FilterOf(repository), "--", url, .. references]) { Remote = url }, token);
    }

    // The repository's lock is ours: a lock of git's own in it is left over from a process that was killed.
    private static Task RemoveStaleLocksAsync(string folder) => Task.Run(() =>
    {
        if (Directory.Exists(folder))
        {
            foreach (var file in Directory.EnumerateFiles(folder, "*.lock", SearchOption.TopDirectoryOnly)
                .Concat(Directory.Exists(Path.Combine(folder, "refs")) ? Directory.EnumerateFiles(Path.Combine(folder, "refs"), "*.lock", SearchOption.AllDirectories) : []))
            {
                File.Delete(file);
            }
        }
    });

    [LoggerMessage(LogLevel.Information, "Fetched {Repository}: begins from {Commit}")]
    private partial void LogFetched(string repository, string commit);
}
