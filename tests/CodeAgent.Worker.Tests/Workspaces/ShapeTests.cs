using CodeAgent.Contracts;
using CodeAgent.Worker.Tests.Benches;
using CodeAgent.Worker.Workspaces;

namespace CodeAgent.Worker.Tests.Workspaces;

public sealed class ShapeTests : IDisposable
{
    private readonly WorkspaceBench _bench = new();

    [Fact]
    public async Task A_sparse_workspace_has_its_folders_alone_and_delivers_like_any_other()
    {
        var origin = await _bench.RepositoryAsync();
        await origin.CommitAsync(("top.txt", "1"), ("src/app/a.txt", "1"), ("src/beside.txt", "1"), ("src/lib/l.txt", "1"), ("docs/d.txt", "1"), ("large/x.bin", "1"));
        var workspace = await OpenAsync(new() { Url = origin.Url, Sparse = ["src/app", "docs/"] });
        Assert.Equal(["docs/d.txt", "src/app/a.txt", "src/beside.txt", "top.txt"], Files(workspace));
        Assert.Equal("", (await _bench.RunAsync(workspace, "git status --porcelain")).Output);

        await _bench.RunAsync(workspace, "echo 2 > src/app/a.txt; rm docs/d.txt; mkdir -p elsewhere large; echo new > elsewhere/n.txt; echo over > large/x.bin");
        var delivery = await DeliverAsync(workspace);
        Assert.Equal("D\tdocs/d.txt\nA\telsewhere/n.txt\nM\tlarge/x.bin\nM\tsrc/app/a.txt", await origin.GitAsync("diff", "--name-status", delivery.BaseCommit, delivery.Commit));
    }

    [Fact]
    public async Task A_sparse_workspace_is_restored_from_its_patch()
    {
        var origin = await _bench.RepositoryAsync();
        await origin.CommitAsync(("src/a.txt", "1\n"), ("large/x.bin", "1"));
        var first = await OpenAsync(new() { Url = origin.Url, Sparse = ["src"] });
        await _bench.RunAsync(first, "echo 2 > src/a.txt; mkdir elsewhere; echo new > elsewhere/n.txt");
        var tree = await first.SnapshotAsync(TestContext.Current.CancellationToken);
        await first.WritePatchAsync(tree, _bench["patch"], TestContext.Current.CancellationToken);

        var second = await OpenAsync(new() { Url = origin.Url, Sparse = ["src"] });
        await second.RestoreAsync(_bench["patch"], TestContext.Current.CancellationToken);
        Assert.Equal("2\n", await File.ReadAllTextAsync(Path.Combine(second.Folder.Tree, "src/a.txt"), TestContext.Current.CancellationToken));
        Assert.Equal(tree, await second.RestoredTreeAsync(TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData("a/b", "/*\n!/*/\n/a/\n!/a/*/\n/a/b/\n")]
    [InlineData("a/b,a", "/*\n!/*/\n/a/\n")]
    [InlineData("z,a/b/c", "/*\n!/*/\n/a/\n!/a/*/\n/a/b/\n!/a/b/*/\n/a/b/c/\n/z/\n")]
    public void Folders_are_written_as_git_reads_them(string folders, string patterns) => Assert.Equal(patterns, new SparseFolders(folders.Split(',')).Patterns);

    [Fact]
    public async Task A_shallow_history_is_as_deep_as_it_was_asked_for_and_is_delivered_onto_the_whole_one()
    {
        var origin = await _bench.RepositoryAsync();
        await origin.CommitAsync(("a.txt", "1"));
        await origin.CommitAsync(("a.txt", "2"));
        var head = await origin.CommitAsync(("a.txt", "3"));
        await origin.GitAsync("tag", "v1");
        var workspace = await OpenAsync(new() { Url = origin.Url, Ref = "main", Depth = 2 });
        Assert.Equal("2", (await _bench.RunAsync(workspace, "git rev-list --count HEAD")).Output.Trim());

        await _bench.RunAsync(workspace, "echo 4 > a.txt; git commit -qam Four");
        var delivery = await DeliverAsync(workspace, CommitHistory.Keep);
        Assert.Equal((head, null), (delivery.BaseCommit, delivery.Warning));
        Assert.Equal("4", await origin.GitAsync("rev-list", "--count", delivery.Commit));

        Assert.Equal(head, (await OpenAsync(new() { Url = origin.Url, Ref = "v1", Depth = 1 })).Base.Commit);
        Assert.Equal(head, (await OpenAsync(new() { Url = origin.Url, Ref = head, Depth = 1 })).Base.Commit);
        Assert.Equal(head, (await OpenAsync(new() { Url = origin.Url, Depth = 1 })).Base.Commit);
        Assert.Equal("3", (await _bench.RunAsync(await _bench.OpenAsync(origin), "git rev-list --count HEAD")).Output.Trim());
        Assert.Equal(FailureCodes.RefNotFound, (await Assert.ThrowsAsync<TaskFailedException>(() => OpenAsync(new() { Url = origin.Url, Ref = "nope", Depth = 1 }))).Failure.Code);
    }

    [Fact]
    public async Task Submodules_have_their_files_and_theirs_and_what_is_changed_in_them_is_not_delivered()
    {
        var inner = await _bench.RepositoryAsync("inner");
        await inner.CommitAsync(("deep.txt", "deep"));
        var library = await _bench.RepositoryAsync("library");
        await library.GitAsync("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", "../inner", "inner");
        var pinned = await library.CommitAsync(("lib.txt", "pinned"));
        var origin = await _bench.RepositoryAsync();
        await origin.GitAsync("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", "../library", "libs/library");
        await origin.CommitAsync(("a.txt", "1"));
        await library.CommitAsync(("lib.txt", "newer"));

        Assert.Equal([".gitmodules", "a.txt"], Files(await OpenAsync(new() { Url = origin.Url })));
        var workspace = await OpenAsync(new() { Url = origin.Url, Submodules = true });
        Assert.Equal([".gitmodules", "a.txt", "libs/library/.gitmodules", "libs/library/inner/deep.txt", "libs/library/lib.txt"], Files(workspace));
        Assert.Equal("pinned", await File.ReadAllTextAsync(Path.Combine(workspace.Folder.Tree, "libs/library/lib.txt"), TestContext.Current.CancellationToken));
        Assert.Equal("", (await _bench.RunAsync(workspace, "git status --porcelain")).Output);

        // Their commits are pinned: what is in the cache already is not fetched again.
        Directory.Move(library.Path, library.Path + "-away");
        Assert.Equal("pinned", await File.ReadAllTextAsync(Path.Combine((await OpenAsync(new() { Url = origin.Url, Submodules = true })).Folder.Tree, "libs/library/lib.txt"), TestContext.Current.CancellationToken));

        await _bench.RunAsync(workspace, "echo 2 > a.txt; echo changed > libs/library/lib.txt; echo new > libs/library/new.txt");
        var delivery = await DeliverAsync(workspace);
        Assert.Equal("a.txt", await origin.GitAsync("diff", "--name-only", delivery.BaseCommit, delivery.Commit));
        Assert.Contains(pinned, await origin.GitAsync("ls-tree", delivery.Commit, "libs/library"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("file:///etc")]
    [InlineData("/etc")]
    [InlineData("../../etc/x")]
    [InlineData("ext::sh -c evil")]
    [InlineData("-upload-pack=evil")]
    public async Task A_submodule_of_an_address_that_is_not_allowed_fails_by_its_name(string url)
    {
        var library = await _bench.RepositoryAsync("library");
        await library.CommitAsync(("lib.txt", "1"));
        var origin = await _bench.RepositoryAsync();
        await origin.GitAsync("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", "../library", "library");
        await origin.CommitAsync((".gitmodules", $"[submodule \"library\"]\n\tpath = library\n\turl = {url}\n"));

        var failed = await Assert.ThrowsAsync<TaskFailedException>(() => OpenAsync(new() { Url = origin.Url, Submodules = true }));
        Assert.Equal(FailureCodes.RepositoryUnavailable, failed.Failure.Code);
        Assert.Contains("submodule library", failed.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("https://h/org/app", "../lib.git", "https://h/org/lib.git")]
    [InlineData("https://h/org/app/", "./lib", "https://h/org/app/lib")]
    [InlineData("https://h/app", "../../lib", null)]
    [InlineData("git@h:org/app", "../lib", "git@h:org/lib")]
    [InlineData("git@h:app", "../lib", "git@h:lib")]
    [InlineData("git@h:app", "../../lib", null)]
    [InlineData("https://h/app", "git@other:lib", "git@other:lib")]
    [InlineData("https://h/app", "http://other/lib", null)]
    [InlineData("file:///srv/app", "../lib", "file:///srv/lib")]
    [InlineData("file:///srv/app", "https://h/lib", null)]
    [InlineData("https://h/app", "file:///srv/lib", null)]
    public void Addresses_of_submodules_are_taken_from_the_repositorys(string repository, string url, string? address) => Assert.Equal(address, SubmoduleUrl.Resolve(repository, url));

    [Fact]
    public async Task A_filter_that_the_machine_has_a_program_for_is_never_run_and_pointers_stay_pointers()
    {
        await Bash.RunAsync(_bench[""], """
            printf '#!/bin/sh\ntouch "%s/ran"\ncat\n' "$PWD" > filter; chmod +x filter
            for key in clean smudge process; do git config -f config "filter.lfs.$key" "$PWD/filter"; done; git config -f config filter.lfs.required true
            """);
        const string Pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 12\n";
        var origin = await _bench.RepositoryAsync();
        await origin.CommitAsync((".gitattributes", "*.bin filter=lfs diff=lfs merge=lfs -text\n"), ("large.bin", Pointer));
        var before = Environment.GetEnvironmentVariable("GIT_CONFIG_GLOBAL");
        Environment.SetEnvironmentVariable("GIT_CONFIG_GLOBAL", _bench["config"]);
        try
        {
            var workspace = await OpenAsync(new() { Url = origin.Url });
            Assert.Equal(Pointer, await File.ReadAllTextAsync(Path.Combine(workspace.Folder.Tree, "large.bin"), TestContext.Current.CancellationToken));
            await File.WriteAllTextAsync(Path.Combine(workspace.Folder.Tree, "new.bin"), "not a pointer", TestContext.Current.CancellationToken);
            var delivery = await DeliverAsync(workspace);
            Assert.Equal("not a pointer", await origin.GitAsync("show", $"{delivery.Commit}:new.bin"));
        }
        finally
        {
            Environment.SetEnvironmentVariable("GIT_CONFIG_GLOBAL", before);
        }

        Assert.False(File.Exists(_bench["ran"]));
    }

    public void Dispose() => _bench.Dispose();

    private Task<Workspace> OpenAsync(RepositoryRequest repository) => _bench.OpenAsync(WorkspaceBench.LeaseFor(repository));

    private Task<Delivery> DeliverAsync(Workspace workspace, CommitHistory commits = CommitHistory.Squash) =>
        _bench.DeliverAsync(workspace, new(Guid.CreateVersion7(), new() { Push = true, Commits = commits }, "Do it", null, _bench.Time.GetUtcNow()));

    private static IEnumerable<string> Files(Workspace workspace) => Directory.EnumerateFiles(workspace.Folder.Tree, "*", SearchOption.AllDirectories)
        .Select(file => Path.GetRelativePath(workspace.Folder.Tree, file)).Where(file => !file.StartsWith(".git/", StringComparison.Ordinal)).Order(StringComparer.Ordinal);
}
