using CodeAgent.Testing;
using CodeAgent.Worker.Tests.Benches;
using CodeAgent.Worker.Workspaces;

namespace CodeAgent.Worker.Tests.Workspaces;

public sealed class PatchTests : IDisposable
{
    // Each kind of file and of change that a patch has to carry.
    private const string Before = """
        printf 'one\ntwo\nthree\n' > text.txt; printf 'no line feed at the end' > bare.txt; printf 'a\r\nb\r\n' > dos.txt
        printf '#!/bin/sh\necho hi\n' > run.sh; chmod +x run.sh; printf '#!/bin/sh\n' > later.sh
        printf 'gone\n' > deleted.txt; seq 200 > moved.txt; head -c 5000 /dev/urandom > image.bin; head -c 5000 /dev/urandom > gone.bin
        ln -s text.txt link; mkdir -p dir; printf 'x\n' > dir/inner.txt; printf 'y\n' > becomes-folder; : > empty.txt
        printf 'grün\n' > 'grüße .txt'; printf 'ignored/\n*.log\n' > .gitignore; printf '*.crlf text eol=crlf\n*.auto text=auto\n' > .gitattributes
        printf 'a\nb\n' > native.crlf; printf 'to link\n' > to-link; printf '%s\n' 'line with trailing blank ' > blank.txt
        """;

    private const string Change = """
        printf 'one\n2\nthree\nfour' > text.txt; printf 'still none\nat the end' > bare.txt; printf 'a\r\nB\r\nc\r\n' > dos.txt
        chmod -x run.sh; chmod +x later.sh; rm deleted.txt gone.bin; mkdir sub; mv moved.txt sub/renamed.txt; echo more >> sub/renamed.txt
        head -c 100 /dev/urandom >> image.bin; head -c 3000 /dev/urandom > new.bin; ln -sf dir/inner.txt link; rm -r dir
        rm becomes-folder; mkdir becomes-folder; echo z > becomes-folder/file; printf 'now\n' > empty.txt; : > new-empty.txt
        mv 'grüße .txt' 'Ünïcödé "quoted" 名.txt'; printf '#!/bin/sh\n' > new.sh; chmod +x new.sh; printf 'tab\there\n' > 'a	tab.txt'
        mkdir ignored; echo no > ignored/no; echo no > no.log; printf 'a\r\nb\r\nc\r\n' > native.crlf; printf 'x\r\n' > mixed.auto
        rm to-link; ln -s /nowhere/at/all to-link; printf -- '-- \ndash\n' > '-dash'; printf 'blank  \n\t\n' >> blank.txt
        """;

    private readonly WorkspaceBench _bench = new();

    [Fact]
    public async Task The_patch_applied_to_the_base_gives_the_tree_byte_for_byte()
    {
        var (origin, workspace) = await ChangedAsync();
        var tree = await workspace.SnapshotAsync(TestContext.Current.CancellationToken);
        var patch = await PatchAsync(workspace, tree);

        await origin.GitAsync("apply", "--index", "--whitespace=nowarn", patch);
        Assert.Equal(tree, await origin.GitAsync("write-tree"));
        Assert.True((await origin.GitAsync("diff", "--name-only")).Length == 0, "the files on disk are what the index says");
        Assert.Equal("", await origin.GitAsync("ls-files", "--others", "--exclude-standard"));
    }

    [Fact]
    public async Task The_tree_is_what_plain_git_makes_of_the_same_files()
    {
        var (_, workspace) = await ChangedAsync();
        var tree = await workspace.SnapshotAsync(TestContext.Current.CancellationToken);

        var agents = new TestRepository(workspace.Folder.Tree);
        await agents.GitAsync("add", "--all");
        Assert.Equal(await agents.GitAsync("write-tree"), tree);
    }

    [Fact]
    public async Task A_restored_workspace_has_the_same_files_as_the_one_that_was_lost()
    {
        var (origin, lost) = await ChangedAsync();
        var tree = await lost.SnapshotAsync(TestContext.Current.CancellationToken);
        var patch = await PatchAsync(lost, tree);

        var restored = await _bench.OpenAsync(origin);
        await restored.RestoreAsync(patch, TestContext.Current.CancellationToken);
        Assert.Equal(tree, await restored.SnapshotAsync(TestContext.Current.CancellationToken));
        Assert.Equal(tree, await restored.RestoredTreeAsync(TestContext.Current.CancellationToken));
        await _bench.RunAsync(restored, $"diff -r --no-dereference --exclude=.git --exclude=ignored --exclude=no.log --exclude=mixed.auto {lost.Folder.Tree} .");
        Assert.Equal("", (await _bench.RunAsync(restored, "git diff --cached --name-only")).Output);
    }

    [Fact]
    public async Task Nothing_changed_makes_an_empty_patch()
    {
        var origin = await OriginAsync();
        var workspace = await _bench.OpenAsync(origin);
        var tree = await workspace.SnapshotAsync(TestContext.Current.CancellationToken);

        Assert.Equal(await workspace.BaseTreeAsync(TestContext.Current.CancellationToken), tree);
        Assert.Equal(0, new FileInfo(await PatchAsync(workspace, tree)).Length);
    }

    [Fact]
    public async Task A_change_in_the_second_of_the_checkout_is_seen_in_a_later_second()
    {
        var origin = await _bench.RepositoryAsync();
        await origin.CommitAsync(("a.txt", "old"), ("b.txt", "old"));
        var (workspace, file, at) = await CheckedOutWithinASecondAsync(origin);

        // Same length, same times: all that git has to go by is that the file is as young as its index.
        await _bench.Git.RunAsync(new(workspace.Folder.Git, "config", "core.trustctime", "false"), TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(file, "new", TestContext.Current.CancellationToken);
        File.SetLastWriteTimeUtc(file, at);
        await Eventually.TrueAsync(() => Task.FromResult(TimeProvider.System.GetUtcNow() > at.AddSeconds(1.1)), TimeSpan.FromSeconds(5), "the second is over");

        var tree = await workspace.SnapshotAsync(TestContext.Current.CancellationToken);
        Assert.Equal(1, await workspace.CountChangesAsync(tree, TestContext.Current.CancellationToken));
    }

    public void Dispose() => _bench.Dispose();

    private async Task<TestRepository> OriginAsync()
    {
        var origin = await _bench.RepositoryAsync();
        await Bash.RunAsync(origin.Path, Before);
        await origin.CommitAsync();
        return origin;
    }

    private async Task<(TestRepository Origin, Workspace Workspace)> ChangedAsync()
    {
        var origin = await OriginAsync();
        var workspace = await _bench.OpenAsync(origin);
        await _bench.RunAsync(workspace, Change);
        return (origin, workspace);
    }

    private async Task<(Workspace Workspace, string File, DateTime At)> CheckedOutWithinASecondAsync(TestRepository origin)
    {
        while (true)
        {
            var workspace = await _bench.OpenAsync(origin);
            var file = Path.Combine(workspace.Folder.Tree, "a.txt");
            var (at, index) = (File.GetLastWriteTimeUtc(file), File.GetLastWriteTimeUtc(Path.Combine(workspace.Folder.Git, "index")));
            if (at.Second == index.Second)
            {
                return (workspace, file, at);
            }
        }
    }

    private async Task<string> PatchAsync(Workspace workspace, string tree)
    {
        var patch = _bench[$"{Guid.NewGuid():N}.patch"];
        await workspace.WritePatchAsync(tree, patch, TestContext.Current.CancellationToken);
        return patch;
    }
}
