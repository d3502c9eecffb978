using CodeAgent.Worker.Tests.Benches;
using CodeAgent.Worker.Workspaces;

namespace CodeAgent.Worker.Tests.Workspaces;

public sealed class SnapshotTests : IDisposable
{
    private readonly WorkspaceBench _bench = new();

    [Fact]
    public async Task What_gitignore_names_is_no_part_of_it_unless_it_was_committed()
    {
        var origin = await _bench.RepositoryAsync();
        await origin.CommitAsync(("kept.log", "before"), ("code.txt", "x"));
        var workspace = await _bench.OpenAsync(origin);
        await _bench.RunAsync(workspace, "echo '*.log' > .gitignore; echo after > kept.log; echo new > new.log");

        Assert.Equal([".gitignore", "code.txt", "kept.log"], await FilesAsync(workspace));
        Assert.Equal("after", await ContentAsync(workspace, "kept.log"));
    }

    [Fact]
    public async Task A_file_that_is_ignored_only_later_leaves_the_next_snapshot()
    {
        var workspace = await _bench.OpenAsync(null as TestRepository);
        await _bench.RunAsync(workspace, "echo secret > build.out");
        Assert.Equal(["build.out"], await FilesAsync(workspace));

        await _bench.RunAsync(workspace, "echo build.out > .gitignore");
        Assert.Equal([".gitignore"], await FilesAsync(workspace));
    }

    [Fact]
    public async Task Repositories_that_the_agent_made_inside_count_as_folders()
    {
        var workspace = await _bench.OpenAsync(null as TestRepository);
        await _bench.RunAsync(workspace, """
            echo top > top.txt
            mkdir -p 'new one/src' && git init -q 'new one' && echo a > 'new one/src/a.txt' && printf 'bin/\n' > 'new one/.gitignore' && mkdir 'new one/bin' && echo b > 'new one/bin/b'
            git init -q with-commit && cd with-commit && echo c > c.txt && git add . && git -c user.name=x -c user.email=x@y commit -qm x && git init -q deeper && echo d > deeper/d.txt
            """);

        Assert.Equal(["new one/.gitignore", "new one/src/a.txt", "top.txt", "with-commit/c.txt", "with-commit/deeper/d.txt"], await FilesAsync(workspace));
    }

    [Theory]
    [InlineData("git config core.fsmonitor PROGRAM")]
    [InlineData("git config filter.x.clean PROGRAM && echo '* filter=x' > .gitattributes")]
    [InlineData("git -c user.name=x -c user.email=x@y commit -q --allow-empty -m mine && git config core.fsmonitor PROGRAM")]
    public async Task No_program_that_a_submodules_configuration_names_is_run_and_its_link_stays(string configure)
    {
        var origin = await _bench.RepositoryAsync();
        await origin.CommitAsync(("a.txt", "1"));
        await origin.GitAsync("update-index", "--add", "--cacheinfo", "160000,0123456789012345678901234567890123456789,sub");
        await origin.GitAsync("commit", "--quiet", "-m", "A submodule");
        var workspace = await _bench.OpenAsync(origin);
        var (program, proof) = (_bench["program.sh"], _bench["proof"]);
        await File.WriteAllTextAsync(program, $"#!/bin/sh\ntouch {proof}\n", TestContext.Current.CancellationToken);
        await _bench.RunAsync(workspace, $"chmod +x {program}; echo 2 > a.txt; cd sub && git init -q . && echo f > f.txt && {configure.Replace("PROGRAM", program, StringComparison.Ordinal)}");

        var tree = await workspace.SnapshotAsync(TestContext.Current.CancellationToken);

        Assert.False(File.Exists(proof));
        Assert.Equal("2", await ContentAsync(workspace, "a.txt"));
        Assert.Contains("160000 commit 0123456789012345678901234567890123456789\tsub", await _bench.Git.RunAsync(new(workspace.Folder.Git, "ls-tree", tree), TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_the_agent_does_to_its_own_repository_does_not_matter()
    {
        var origin = await _bench.RepositoryAsync();
        var head = await origin.CommitAsync(("a.txt", "1"), ("b.txt", "1"));
        var workspace = await _bench.OpenAsync(origin);
        await _bench.RunAsync(workspace, """
            git checkout -q -b mine && echo 2 > a.txt && git commit -qam "mine" && git rm -q b.txt && git config core.worktree /nowhere && git config core.fsmonitor 'touch /tmp/never' && rm -rf .git/refs
            """);

        Assert.Equal(head, workspace.Base.Commit);
        Assert.Equal(["a.txt"], await FilesAsync(workspace));
        Assert.Equal("2", await ContentAsync(workspace, "a.txt"));
        await _bench.RunAsync(workspace, "rm -rf .git");
        Assert.Equal(["a.txt"], await FilesAsync(workspace));
    }

    [Fact]
    public async Task A_reset_takes_back_what_came_after_the_snapshot()
    {
        var origin = await _bench.RepositoryAsync();
        await origin.CommitAsync(("a.txt", "1"), ("b.txt", "1"));
        var workspace = await _bench.OpenAsync(origin);
        await _bench.RunAsync(workspace, "echo agent > a.txt; echo agent > c.txt");
        var tree = await workspace.SnapshotAsync(TestContext.Current.CancellationToken);
        await _bench.RunAsync(workspace, "echo check > a.txt; rm b.txt c.txt; mkdir out; echo check > out/report");

        await workspace.ResetAsync(tree, TestContext.Current.CancellationToken);
        Assert.Equal("agent agent 1 a.txt b.txt c.txt", (await _bench.RunAsync(workspace, "echo $(cat a.txt c.txt b.txt) $(ls)")).Output.Trim());
    }

    public void Dispose() => _bench.Dispose();

    private async Task<string[]> FilesAsync(Workspace workspace)
    {
        var tree = await workspace.SnapshotAsync(TestContext.Current.CancellationToken);
        return (await _bench.Git.RunAsync(new(workspace.Folder.Git, "ls-tree", "-r", "-z", "--name-only", tree), TestContext.Current.CancellationToken)).Split('\0', StringSplitOptions.RemoveEmptyEntries);
    }

    private async Task<string> ContentAsync(Workspace workspace, string path)
    {
        var tree = await workspace.SnapshotAsync(TestContext.Current.CancellationToken);
        return await _bench.Git.RunAsync(new(workspace.Folder.Git, "cat-file", "blob", $"{tree}:{path}"), TestContext.Current.CancellationToken);
    }
}
