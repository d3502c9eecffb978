using CodeAgent.Contracts;
using CodeAgent.Worker.Tests.Benches;
using CodeAgent.Worker.Workspaces;

namespace CodeAgent.Worker.Tests.Workspaces;

public sealed class PartialCloneTests : IDisposable
{
    private readonly WorkspaceBench _bench = new();

    [Fact]
    public async Task The_history_is_whole_and_only_the_contents_that_are_checked_out_are_fetched()
    {
        var origin = await ServingAsync(("a.txt", "1"), ("b.txt", "same"));
        var old = await origin.GitAsync("rev-parse", "HEAD:a.txt");
        await origin.CommitAsync(("a.txt", "2"));
        var workspace = await OpenAsync(origin);

        Assert.Equal("2 same", $"{await ReadAsync(workspace, "a.txt")} {await ReadAsync(workspace, "b.txt")}");
        Assert.Equal("2", (await _bench.RunAsync(workspace, "git rev-list --count HEAD")).Output.Trim());
        Assert.Equal("", (await _bench.RunAsync(workspace, "git status --porcelain")).Output);
        Assert.False(await HasAsync(workspace, old), "an earlier content was fetched");
    }

    [Fact]
    public async Task A_sparse_workspace_has_no_contents_of_other_folders_until_it_needs_them()
    {
        var origin = await ServingAsync(("top.txt", "1"), ("src/beside.txt", "2"), ("src/app/a.txt", "3"), ("large/x.bin", "4"), ("large/y.bin", "5"));
        var (x, y) = (await origin.GitAsync("rev-parse", "HEAD:large/x.bin"), await origin.GitAsync("rev-parse", "HEAD:large/y.bin"));
        var workspace = await OpenAsync(origin, "src/app");
        Assert.Equal("123", await ReadAsync(workspace, "top.txt") + await ReadAsync(workspace, "src/beside.txt") + await ReadAsync(workspace, "src/app/a.txt"));
        Assert.False(await HasAsync(workspace, x) || await HasAsync(workspace, y), "the contents of another folder were fetched");

        await _bench.RunAsync(workspace, "echo more >> src/app/a.txt; mkdir large; echo over > large/x.bin; git add --sparse -A; git commit -qm Work");
        var delivery = await DeliverAsync(workspace);
        Assert.Equal("M\tlarge/x.bin\nM\tsrc/app/a.txt", await origin.GitAsync("diff", "--name-status", delivery.BaseCommit, delivery.Commit));
        Assert.True(await HasAsync(workspace, x), "what was changed cannot be compared");
        Assert.False(await HasAsync(workspace, y), "what nobody needed was fetched");
    }

    [Theory]
    [InlineData(CommitHistory.Keep)]
    [InlineData(CommitHistory.Squash)]
    public async Task It_is_delivered_onto_a_base_that_has_moved(CommitHistory commits)
    {
        var origin = await ServingAsync(("src/a.txt", "1\n2\n3\n4\n5\n"), ("docs/d.txt", "1"), ("large/x.bin", "before"));
        var workspace = await OpenAsync(origin, "src");
        await _bench.RunAsync(workspace, "sed -i s/5/five/ src/a.txt; git commit -qam Five; git mv src/a.txt src/b.txt; git commit -qm Moved");
        await origin.CommitAsync(("src/a.txt", "one\n2\n3\n4\n5\n"), ("docs/d.txt", "2"), ("large/x.bin", "2"));

        var delivery = await DeliverAsync(workspace, new() { Branch = "work", Push = true, Commits = commits, OnMovedBase = MovedBase.Rebase });
        Assert.Null(delivery.Warning);
        Assert.Equal("one\n2\n3\n4\nfive", await origin.GitAsync("show", "work:src/b.txt"));
        Assert.Equal(commits == CommitHistory.Keep ? "2" : "1", await origin.GitAsync("rev-list", "--count", "main..work"));
        Assert.Equal("2", await origin.GitAsync("show", "work:docs/d.txt"));
    }

    [Fact]
    public async Task It_is_restored_from_its_patch_where_nothing_of_it_was_ever_fetched()
    {
        var origin = await ServingAsync(("src/a.txt", "1\n"), ("large/x.bin", "before\0\n"));
        var first = await OpenAsync(origin, "src");
        await _bench.RunAsync(first, "echo 2 > src/a.txt; mkdir large; printf '2\\0\\n' > large/x.bin");
        var tree = await first.SnapshotAsync(TestContext.Current.CancellationToken);
        await first.WritePatchAsync(tree, _bench["patch"], TestContext.Current.CancellationToken);

        Directory.Delete(first.Base.Folder, recursive: true);
        var second = await OpenAsync(origin, "src");
        await second.RestoreAsync(_bench["patch"], TestContext.Current.CancellationToken);
        Assert.Equal(tree, await second.RestoredTreeAsync(TestContext.Current.CancellationToken));
        Assert.Equal("2\n", await ReadAsync(second, "src/a.txt"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task It_is_pushed_where_the_branch_has_moved_on_or_was_rewritten(bool rewritten)
    {
        var origin = await ServingAsync(("a.txt", "1"));
        foreach (var content in (string[])["2", "3", "4"])
        {
            await origin.CommitAsync(("a.txt", content));
        }

        var workspace = await OpenAsync(origin);
        await _bench.RunAsync(workspace, "echo mine > b.txt");
        if (rewritten)
        {
            await origin.GitAsync("reset", "-q", "--hard", "HEAD~2");
        }

        // Another task may have fetched it already, or nobody.
        await origin.CommitAsync(("a.txt", "5"));
        if (rewritten)
        {
            await OpenAsync(origin);
        }

        var delivery = await DeliverAsync(workspace);
        Assert.Equal("4", await origin.GitAsync("show", $"{delivery.Commit}:a.txt"));
        Assert.Equal(delivery.Commit, await origin.GitAsync("rev-parse", delivery.Branch));
    }

    [Fact]
    public async Task What_is_ignored_is_ignored_in_folders_that_are_not_there_too()
    {
        var origin = await ServingAsync(("src/a.txt", "1"), ("large/.gitignore", "*.log\n"), ("large/x.bin", "2"));
        var workspace = await OpenAsync(origin, "src");
        await _bench.RunAsync(workspace, "mkdir large; echo secret > large/build.log; echo new > large/new.txt; git add --sparse -A; git status --porcelain");
        var delivery = await DeliverAsync(workspace);
        Assert.Equal("A\tlarge/new.txt", await origin.GitAsync("diff", "--name-status", delivery.BaseCommit, delivery.Commit));
    }

    [Fact]
    public async Task A_submodule_that_was_removed_stays_so_in_the_next_attempt()
    {
        var library = await _bench.RepositoryAsync("library");
        await library.CommitAsync(("lib.txt", "1"));
        var origin = await ServingAsync(("a.txt", "1"));
        await origin.GitAsync("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", "../library", "library");
        await origin.CommitAsync(("b.txt", "2"));
        var first = await OpenAsync(origin);
        await _bench.RunAsync(first, "rm -rf library; echo more >> b.txt; printf 'y\\rindex 1234567890123456789012345678901234567890..1234567890123456789012345678901234567890\\r\\n' > c.txt");
        var tree = await first.SnapshotAsync(TestContext.Current.CancellationToken);
        await first.WritePatchAsync(tree, _bench["patch"], TestContext.Current.CancellationToken);
        Assert.Contains("deleted file mode 160000", await File.ReadAllTextAsync(_bench["patch"], TestContext.Current.CancellationToken), StringComparison.Ordinal);

        var second = await OpenAsync(origin);
        await second.RestoreAsync(_bench["patch"], TestContext.Current.CancellationToken);
        Assert.Equal(tree, await second.RestoredTreeAsync(TestContext.Current.CancellationToken));
    }

    // A folder that was moved on one side, and got a file on the other, is a question for a person; git finds that out by the contents.
    [Theory]
    [InlineData("large/x.txt", null)]
    [InlineData("large/new.txt", "src/moved/new.txt changed on both sides")]
    public async Task Commits_that_remove_what_was_never_fetched_are_put_on_a_base_that_has_moved(string theirs, string? conflict)
    {
        static string Text(string end) => string.Concat(Enumerable.Range(1, 50).Select(number => $"line {number}\n")) + end;
        var origin = await ServingAsync(("src/a.txt", "1"), ("large/x.txt", Text("x")), ("large/y.txt", Text("y")));
        var workspace = await OpenAsync(origin, "src");
        await _bench.RunAsync(workspace, """
            git rm -rq --cached --sparse large; mkdir src/moved; for i in $(seq 50); do echo "line $i"; done > src/moved/x.txt; git add src; git commit -qm Moved
            echo 2 > src/a.txt; git commit -qam Two
            """);
        await origin.CommitAsync((theirs, "theirs\n" + Text("x")));
        var delivering = DeliverAsync(workspace, new() { Branch = "work", Push = true, Commits = CommitHistory.Keep, OnMovedBase = MovedBase.Rebase });
        if (conflict is not null)
        {
            Assert.Contains(conflict, (await Assert.ThrowsAsync<TaskFailedException>(() => delivering)).Message, StringComparison.Ordinal);
            return;
        }

        var delivery = await delivering;
        Assert.Equal("2", await origin.GitAsync("show", $"{delivery.Commit}:src/a.txt"));
        Assert.StartsWith("theirs\nline 1\n", await origin.GitAsync("show", $"{delivery.Commit}:src/moved/x.txt"), StringComparison.Ordinal);
        Assert.Equal(delivery.RebasedOnto, await origin.GitAsync("merge-base", "main", "work"));
    }

    [Fact]
    public async Task A_server_that_filters_no_more_gives_everything_again()
    {
        static string Text(string end) => string.Concat(Enumerable.Range(1, 5_000).Select(number => $"line {number}\n")) + end;
        var origin = await ServingAsync(("src/a.txt", "1"), ("large/x.txt", Text("x")));
        await OpenAsync(origin, "src");
        await origin.GitAsync("config", "uploadpack.allowFilter", "false");
        var head = await origin.CommitAsync(("large/x.txt", Text("y")), ("src/a.txt", "2"));
        var workspace = await OpenAsync(origin, "src");
        Assert.Equal(head, workspace.Base.Commit);
        Assert.Equal("2", await ReadAsync(workspace, "src/a.txt"));
    }

    [Fact]
    public async Task A_server_that_cannot_filter_gives_everything()
    {
        var origin = await _bench.RepositoryAsync();
        await origin.CommitAsync(("a.txt", "1"));
        var old = await origin.GitAsync("rev-parse", "HEAD:a.txt");
        await origin.CommitAsync(("a.txt", "2"));
        var workspace = await OpenAsync(origin);
        Assert.Equal("2", await ReadAsync(workspace, "a.txt"));
        Assert.True(await HasAsync(workspace, old), "the test's server filters");
    }

    [Fact]
    public async Task Contents_that_the_server_does_not_have_any_more_are_told_as_what_they_are()
    {
        var origin = await ServingAsync(("src/a.txt", "1"), ("large/x.bin", "other"));
        var workspace = await OpenAsync(origin, "src");
        await _bench.RunAsync(workspace, "mkdir large; echo 2 > large/x.bin");
        await origin.GitAsync("checkout", "-q", "--orphan", "other");
        await origin.CommitAsync(("a.txt", "1"), ("src/a.txt", "2"), ("large/x.bin", "rewritten"));
        await origin.GitAsync("branch", "-qD", "main");
        await origin.GitAsync("-c", "gc.reflogExpire=now", "reflog", "expire", "--all", "--expire=now");
        await origin.GitAsync("prune", "--expire=now");
        var failed = await Assert.ThrowsAsync<TaskFailedException>(() => DeliverAsync(workspace, new() { Branch = "work" }));
        Assert.Equal(FailureCodes.RepositoryUnavailable, failed.Failure.Code);
        Assert.Contains("not our ref", failed.Message, StringComparison.Ordinal);
    }

    public void Dispose() => _bench.Dispose();

    private async Task<TestRepository> ServingAsync(params (string Path, string Content)[] files)
    {
        var origin = await _bench.RepositoryAsync();
        await origin.GitAsync("config", "uploadpack.allowFilter", "true");
        await origin.CommitAsync(files);
        return origin;
    }

    private Task<Workspace> OpenAsync(TestRepository origin, params string[] sparse) =>
        _bench.OpenAsync(WorkspaceBench.LeaseFor(new() { Url = origin.Url, Partial = true, Sparse = sparse }));

    private Task<Delivery> DeliverAsync(Workspace workspace, DeliveryRequest? request = null) => _bench.DeliverAsync(workspace,
        new(Guid.CreateVersion7(), request ?? new() { Push = true }, "Do it", null, _bench.Time.GetUtcNow(), new() { Url = workspace.Base.Url!, Ref = "main", Partial = true }));

    private static Task<string> ReadAsync(Workspace workspace, string path) => File.ReadAllTextAsync(Path.Combine(workspace.Folder.Tree, path), TestContext.Current.CancellationToken);

    private async Task<bool> HasAsync(Workspace workspace, string content) =>
        (await _bench.Git.TryAsync(new(workspace.Folder.Git, "cat-file", "-e", content), TestContext.Current.CancellationToken)).ExitCode == 0;
}
