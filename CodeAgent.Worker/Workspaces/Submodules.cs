using CodeAgent.Contracts;

namespace CodeAgent.Worker.Workspaces;

/// <summary>
/// Puts the files of submodules into a workspace. They are files and no repositories: what is changed in them would be a commit
/// that nobody has, so it is no part of what is delivered.
/// </summary>
internal sealed class Submodules(RepositoryCache cache, Git git, TaskFolder folder)
{
    private const int Deepest = 5;
    private const int Most = 100;
    private int _count;

    /// <summary>Fetches the submodules of a commit, and theirs, and puts them below a folder.</summary>
    /// <exception cref="TaskFailedException">One cannot be had, or its address is none that is allowed.</exception>
    public Task FillAsync(CachedCommit commit, string tree, CancellationToken cancellationToken) => FillAsync(commit, tree, 1, cancellationToken);

    private async Task FillAsync(CachedCommit commit, string tree, int depth, CancellationToken cancellationToken)
    {
        foreach (var (path, url) in await ListAsync(commit, cancellationToken))
        {
            var target = Path.Combine(tree, path);
            var found = await git.RunAsync(new(commit.Folder, "ls-tree", "-z", commit.Commit, "--", path), cancellationToken);

            // 160000 commit ID, and there unless the checkout is a sparse one.
            if (!found.StartsWith("160000 commit ", StringComparison.Ordinal) || !Directory.Exists(target) || new DirectoryInfo(target).LinkTarget is not null)
            {
                continue;
            }

            if (depth > Deepest || ++_count > Most)
            {
                throw Failed(path, $"there are more than {Most} submodules, or one within another more than {Deepest} deep.");
            }

            var address = SubmoduleUrl.Resolve(commit.Url!, url) ?? throw Failed(path, "its address is not allowed: it is https, ssh, or relative to the repository's.");
            var submodule = await FetchAsync(path, address, found.Split(' ', '\t')[2], cancellationToken);
            await git.RunAsync(new(submodule.Folder, "read-tree", "-u", "--reset", submodule.Commit) { Tree = target, Index = Path.Combine(folder.Git, "index.submodule") }, cancellationToken);
            File.Delete(Path.Combine(folder.Git, "index.submodule"));
            await FillAsync(submodule, target, depth + 1, cancellationToken);
        }
    }

    private async Task<CachedCommit> FetchAsync(string path, string address, string commit, CancellationToken cancellationToken)
    {
        try
        {
            return await cache.FetchCommitAsync(address, commit, cancellationToken);
        }
        catch (TaskFailedException e)
        {
            throw Failed(path, e.Message);
        }
    }

    // submodule.NAME.path LF PATH NUL submodule.NAME.url LF URL NUL
    private async Task<IEnumerable<(string Path, string Url)>> ListAsync(CachedCommit commit, CancellationToken cancellationToken)
    {
        var listed = await git.TryAsync(new(commit.Folder, "config", "--no-includes", "-z", "--blob", $"{commit.Commit}:.gitmodules", "--get-regexp", "^submodule\\..*\\.(path|url)$"), cancellationToken);
        var values = listed.Output.Split('\0', StringSplitOptions.RemoveEmptyEntries).Select(entry => entry.Split('\n', 2)).Where(entry => entry.Length == 2)
            .GroupBy(entry => entry[0]).ToDictionary(entries => entries.Key, entries => entries.Last()[1]);
        return values.Where(entry => entry.Key.EndsWith(".path", StringComparison.Ordinal))
            .Select(entry => (entry.Value, Url: values.GetValueOrDefault(entry.Key[..^".path".Length] + ".url") ?? ""))
            .Where(entry => entry.Value.Split('/').All(name => name is not ("" or "." or "..")) && !entry.Value.StartsWith('-'));
    }

    private static TaskFailedException Failed(string path, string reason) => new(FailureCodes.RepositoryUnavailable, $"The submodule {path} cannot be had: {reason}");
}
