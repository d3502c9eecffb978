using CodeAgent.Contracts;

namespace CodeAgent.Worker.Tests.Agents.Builtin.Tools;

public sealed class PatchTests : IAsyncLifetime
{
    private ToolBench _bench = null!;

    public async ValueTask InitializeAsync()
    {
        _bench = await ToolBench.CreateAsync();
        await _bench.Workspace.WriteAsync("a.txt", "one\ntwo\nthree\n");
        await _bench.Workspace.WriteAsync("old.txt", "old\n");
        await _bench.Workspace.WriteAsync("gone.txt", "gone\n");
    }

    public ValueTask DisposeAsync()
    {
        _bench.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task All_kinds_of_changes_at_once()
    {
        var answer = await PatchAsync("""
            diff --git a/a.txt b/a.txt
            --- a/a.txt
            +++ b/a.txt
            @@ -1,3 +1,3 @@
             one
            -two
            +zwei
             three
            diff --git a/sub/new.txt b/sub/new.txt
            new file mode 100755
            --- /dev/null
            +++ b/sub/new.txt
            @@ -0,0 +1 @@
            +new
            diff --git a/gone.txt b/gone.txt
            deleted file mode 100644
            --- a/gone.txt
            +++ /dev/null
            @@ -1 +0,0 @@
            -gone
            diff --git a/old.txt b/sub/renamed.txt
            similarity index 100%
            rename from old.txt
            rename to sub/renamed.txt
            """);

        Assert.Equal("modified a.txt\nadded sub/new.txt\ndeleted gone.txt\nrenamed sub/renamed.txt\n", answer);
        Assert.Equal("one\nzwei\nthree\n", await _bench.Workspace.ReadAsync("a.txt"));
        Assert.Equal("old\n", await _bench.Workspace.ReadAsync("sub/renamed.txt"));
        Assert.False(File.Exists(_bench.Workspace.At("gone.txt")));
        Assert.Equal(["modified", "added", "deleted", "renamed"], _bench.Session.Events(EventTypes.FileChanged).Select(change => change.GetProperty("kind").GetString()));
    }

    [Fact]
    public async Task One_part_that_does_not_fit_spoils_all_of_it()
    {
        var answer = await PatchAsync("""
            --- a/a.txt
            +++ b/a.txt
            @@ -1,3 +1,3 @@
             one
            -two
            +zwei
             three
            --- a/old.txt
            +++ b/old.txt
            @@ -1 +1 @@
            -something else
            +new
            """);

        Assert.StartsWith("Error: The patch does not apply; nothing was changed.", answer, StringComparison.Ordinal);
        Assert.Contains("old.txt", answer, StringComparison.Ordinal);
        Assert.Equal("one\ntwo\nthree\n", await _bench.Workspace.ReadAsync("a.txt"));
        Assert.Empty(_bench.Session.Events(EventTypes.FileChanged));
    }

    [Fact]
    public async Task Hunks_that_count_their_lines_wrongly_are_read_by_their_lines()
    {
        var answer = await PatchAsync("--- a/a.txt\n+++ b/a.txt\n@@ -1,9 +1,7 @@\n one\n-two\n+zwei\n three\n");

        Assert.Equal("modified a.txt\n", answer);
        Assert.Equal("one\nzwei\nthree\n", await _bench.Workspace.ReadAsync("a.txt"));
    }

    [Fact]
    public async Task What_is_no_patch_is_refused() =>
        Assert.StartsWith("Error: The patch does not apply", await PatchAsync("Please change a.txt."), StringComparison.Ordinal);

    [Fact]
    public async Task The_repositorys_filters_are_not_run()
    {
        await File.AppendAllTextAsync(_bench.Workspace.At(".git/config"), $"[filter \"x\"]\n\tclean = touch {_bench.Workspace.Outside}/ran; cat\n\tsmudge = touch {_bench.Workspace.Outside}/ran; cat\n", TestContext.Current.CancellationToken);
        await _bench.Workspace.WriteAsync(".gitattributes", "* filter=x\n");

        Assert.Equal("modified a.txt\n", await PatchAsync("--- a/a.txt\n+++ b/a.txt\n@@ -1,3 +1,3 @@\n one\n-two\n+zwei\n three\n"));
        Assert.False(File.Exists(Path.Combine(_bench.Workspace.Outside, "ran")));
    }

    private Task<string> PatchAsync(string patch) => _bench.CallAsync("patch", new { patch });
}
