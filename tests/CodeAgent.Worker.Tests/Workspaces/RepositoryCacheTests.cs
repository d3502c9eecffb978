using CodeAgent.Contracts;
using CodeAgent.Worker.Tests.Benches;
using CodeAgent.Worker.Workspaces;

namespace CodeAgent.Worker.Tests.Workspaces;

public sealed class RepositoryCacheTests : IDisposable
{
    private readonly WorkspaceBench _bench = new();

    [Fact]
    public async Task Branches_tags_commits_and_the_default_branch_are_found()
    {
        var origin = await _bench.RepositoryAsync();
        var first = await origin.CommitAsync(("a.txt", "1"));
        await origin.GitAsync("tag", "light");
        await origin.GitAsync("tag", "-a", "-m", "annotated", "v1.0");
        await origin.GitAsync("checkout", "--quiet", "-b", "feature/x");
        var second = await origin.CommitAsync(("a.txt", "2"));
        await origin.GitAsync("checkout", "--quiet", "main");

        Assert.Equal(first, await CommitAsync(origin, null));
        Assert.Equal(first, await CommitAsync(origin, "main"));
        Assert.Equal(first, await CommitAsync(origin, "light"));
        Assert.Equal(first, await CommitAsync(origin, "v1.0"));
        Assert.Equal(first, await CommitAsync(origin, "refs/tags/v1.0"));
        Assert.Equal(second, await CommitAsync(origin, "feature/x"));
        Assert.Equal(second, await CommitAsync(origin, "refs/heads/feature/x"));
        Assert.Equal(second, await CommitAsync(origin, second));
    }

    [Fact]
    public async Task What_is_new_and_what_is_gone_is_seen_the_next_time()
    {
        var origin = await _bench.RepositoryAsync();
        await origin.CommitAsync(("a.txt", "1"));
        await origin.GitAsync("branch", "old");
        Assert.NotNull(await CommitAsync(origin, "old"));

        await origin.GitAsync("branch", "-D", "old");
        var newest = await origin.CommitAsync(("a.txt", "2"));
        Assert.Equal(newest, await CommitAsync(origin, null));
        Assert.Equal(FailureCodes.RefNotFound, (await Assert.ThrowsAsync<TaskFailedException>(() => CommitAsync(origin, "old"))).Failure.Code);
    }

    [Theory]
    [InlineData("nowhere")]
    [InlineData("main~0")]
    [InlineData("--upload-pack=touch")]
    [InlineData("0123456789012345678901234567890123456789")]
    [InlineData("")]
    [InlineData("refs/remotes/origin/main")]
    public async Task A_ref_that_is_not_there_is_named(string reference)
    {
        var origin = await _bench.RepositoryAsync();
        await origin.CommitAsync(("a.txt", "1"));

        var failed = await Assert.ThrowsAsync<TaskFailedException>(() => CommitAsync(origin, reference));
        Assert.Equal(FailureCodes.RefNotFound, failed.Failure.Code);
        Assert.EndsWith($"'{reference}'. Its branches are main.", failed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_repository_that_is_not_there_is_named()
    {
        var failed = await Assert.ThrowsAsync<TaskFailedException>(() => CommitAsync(new(_bench["nowhere"]), null));
        Assert.Equal(FailureCodes.RepositoryUnavailable, failed.Failure.Code);
        Assert.Contains($"There is no {_bench["nowhere"]} on the worker's disk", failed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_repository_without_commits_begins_from_nothing_like_no_repository()
    {
        var origin = await _bench.RepositoryAsync();
        var empty = await CommitAsync(origin, null);
        Assert.Equal(empty, (await _bench.Cache.FetchAsync(null, TestContext.Current.CancellationToken)).Commit);
        Assert.Equal(empty, await CommitAsync(origin, empty));
    }

    [Fact]
    public async Task Many_at_once_and_from_several_workers_get_what_they_ask_for()
    {
        var origin = await _bench.RepositoryAsync();
        var head = await origin.CommitAsync(("a.txt", "1"));
        var second = new RepositoryCache(_bench.Folders, _bench.Git, TimeProvider.System, Microsoft.Extensions.Logging.Abstractions.NullLogger<RepositoryCache>.Instance);

        var all = await Task.WhenAll(Enumerable.Range(0, 8).Select(i =>
            (i % 2 == 0 ? _bench.Cache : second).FetchAsync(new() { Url = origin.Url }, TestContext.Current.CancellationToken)));
        Assert.All(all, commit => Assert.Equal(head, commit.Commit));
        Assert.Single(all.Select(commit => commit.Folder).Distinct());
    }

    [Fact]
    public async Task A_lock_that_a_killed_git_left_does_not_stop_the_next()
    {
        var origin = await _bench.RepositoryAsync();
        await origin.CommitAsync(("a.txt", "1"));
        var folder = (await _bench.Cache.FetchAsync(new() { Url = origin.Url }, TestContext.Current.CancellationToken)).Folder;
        var head = await origin.CommitAsync(("a.txt", "2"));
        await File.WriteAllTextAsync(Path.Combine(folder, "packed-refs.lock"), "", TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(Path.Combine(folder, "refs", "remotes", "origin", "main.lock"), "", TestContext.Current.CancellationToken);

        Assert.Equal(head, await CommitAsync(origin, "main"));
    }

    [Fact]
    public void Credentials_are_never_told()
    {
        Assert.Equal("fatal: unable to access 'https://example.org/x.git/': no",
            GitException.Clean("Cloning into 'x'...\nfatal: unable to access 'https://user:s3cret@example.org/x.git/': no\nhint: try\n"));
    }

    public void Dispose() => _bench.Dispose();

    private async Task<string> CommitAsync(TestRepository repository, string? reference) =>
        (await _bench.Cache.FetchAsync(new() { Url = repository.Url, Ref = reference }, TestContext.Current.CancellationToken)).Commit;
}
