using CodeAgent.Contracts;

namespace CodeAgent.Worker.Tests.Agents.Builtin.Tools;

/// <summary>No tool reads or writes outside of the workspace, however it is asked.</summary>
public sealed class EscapeTests : IAsyncLifetime
{
    private ToolBench _bench = null!;

    public async ValueTask InitializeAsync()
    {
        _bench = await ToolBench.CreateAsync();
        var workspace = _bench.Workspace;
        await workspace.WriteAsync("inside/file.txt", "fine\n");
        workspace.Link("link-file", Path.Combine(workspace.Outside, "secret.txt"));
        workspace.Link("link-folder", workspace.Outside);
        workspace.Link("link-relative", "../outside/secret.txt");
        workspace.Link("link-to-link", "inside/second");
        workspace.Link("inside/second", "../link-folder/secret.txt");
        workspace.Link("link-dangling", "nowhere");
        workspace.Link("link-dangling-outside", Path.Combine(workspace.Outside, "nothing"));
        workspace.Link("link-loop", "link-loop");
        workspace.Link("link-up-and-back", "../workspace/inside/file.txt");
        workspace.Link("link-similar", workspace.Root + "-2/x");
        workspace.Link("link-fine", "inside/file.txt");
        workspace.Link("link-fine-folder", "./inside/.");
        workspace.Link("link-fine-absolute", workspace.At("inside"));
    }

    public ValueTask DisposeAsync()
    {
        _bench.Dispose();
        return ValueTask.CompletedTask;
    }

    public static TheoryData<string> WaysOut =>
    [
        "../outside/secret.txt", "inside/../../outside/secret.txt", "..", "inside/../..", "/etc/passwd", "//etc/passwd",
        "link-file", "link-relative", "link-folder/secret.txt", "link-folder", "link-to-link", "inside/second",
        "link-dangling", "link-dangling-outside", "link-loop", "link-up-and-back", "link-similar", "link-folder/../inside/file.txt", "in\0side/file.txt",
    ];

    [Theory]
    [MemberData(nameof(WaysOut))]
    public async Task Reading(string path) => Refused(await _bench.CallAsync("read", new { path }));

    [Theory]
    [MemberData(nameof(WaysOut))]
    public async Task Listing(string path) => Refused(await _bench.CallAsync("list", new { path }));

    [Theory]
    [MemberData(nameof(WaysOut))]
    public async Task Searching(string path) => Refused(await _bench.CallAsync("search", new { path, pattern = "." }));

    [Theory]
    [MemberData(nameof(WaysOut))]
    public async Task Writing(string path)
    {
        Refused(await _bench.CallAsync("write", new { path, content = "bad" }));
        await UnchangedAsync();
    }

    [Theory]
    [MemberData(nameof(WaysOut))]
    public async Task Editing(string path)
    {
        Refused(await _bench.CallAsync("edit", new { path, old = "secret", @new = "bad" }));
        await UnchangedAsync();
    }

    [Theory]
    [InlineData("../outside/new.txt")]
    [InlineData("link-folder/new.txt")]
    [InlineData("/tmp/new.txt")]
    [InlineData(".git/new.txt")]
    [InlineData("inside/../../outside/new.txt")]
    public async Task Patching(string path)
    {
        Refused(await _bench.CallAsync("patch", new { patch = $"--- /dev/null\n+++ b/{path}\n@@ -0,0 +1 @@\n+bad\n" }));
        await UnchangedAsync();
        Assert.False(File.Exists(_bench.Workspace.At(".git/new.txt")));
    }

    [Fact]
    public async Task Patching_a_link_and_what_is_behind_it_at_once()
    {
        var patch = $"""
            diff --git a/way b/way
            new file mode 120000
            --- /dev/null
            +++ b/way
            @@ -0,0 +1 @@
            +{_bench.Workspace.Outside}
            \ No newline at end of file
            diff --git a/way/new.txt b/way/new.txt
            new file mode 100644
            --- /dev/null
            +++ b/way/new.txt
            @@ -0,0 +1 @@
            +bad

            """;

        Refused(await _bench.CallAsync("patch", new { patch }));
        await UnchangedAsync();
    }

    [Theory]
    [InlineData(".git/config")]
    [InlineData(".git/hooks/pre-commit")]
    [InlineData("inside/../.git/config")]
    [InlineData("./.git")]
    [InlineData(".GIT/config")]
    [InlineData("inside/.git/config")]
    [InlineData("link-git/config")]
    public async Task Writing_what_is_gits(string path)
    {
        _bench.Workspace.Link("link-git", ".git");
        var config = await _bench.Workspace.ReadAsync(".git/config");

        Refused(await _bench.CallAsync("write", new { path, content = "bad" }));
        Refused(await _bench.CallAsync("edit", new { path, old = "[core]", @new = "bad" }));

        Assert.Equal(config, await _bench.Workspace.ReadAsync(".git/config"));
        Assert.False(File.Exists(_bench.Workspace.At(".git/hooks/pre-commit")));
        Assert.False(Directory.Exists(_bench.Workspace.At("inside/.git")));
    }

    [Theory]
    [InlineData("link-fine")]
    [InlineData("link-fine-folder/file.txt")]
    [InlineData("link-fine-absolute/file.txt")]
    [InlineData("./inside//file.txt")]
    [InlineData("inside/../inside/file.txt")]
    public async Task A_way_that_stays_inside_is_fine(string path)
    {
        Assert.Equal("1\tfine\n", await _bench.CallAsync("read", new { path }));

        await _bench.CallAsync("edit", new { path, old = "fine", @new = "better" });

        Assert.Equal("better\n", await _bench.Workspace.ReadAsync("inside/file.txt"));
        Assert.NotNull(new FileInfo(_bench.Workspace.At("link-fine")).LinkTarget);
    }

    [Fact]
    public async Task A_search_does_not_follow_links()
    {
        var answer = await _bench.CallAsync("search", new { pattern = "secret|fine" });

        Assert.Equal("inside/file.txt:1: fine\n", answer);
    }

    [Fact]
    public async Task A_refusal_does_not_tell_where_the_workspace_is()
    {
        await _bench.Workspace.WriteAsync("file", "");

        var answer = await _bench.CallAsync("write", new { path = "file/below", content = "x" });

        Refused(answer);
        Assert.DoesNotContain(_bench.Workspace.Root, answer, StringComparison.Ordinal);
    }

    private void Refused(string answer)
    {
        Assert.StartsWith("Error: ", answer, StringComparison.Ordinal);
        Assert.All(_bench.Session.Events(EventTypes.ToolResult), result => Assert.True(result.GetProperty("error").GetBoolean()));
        Assert.Empty(_bench.Session.Events(EventTypes.FileChanged));
    }

    private async Task UnchangedAsync()
    {
        Assert.Equal("secret", await File.ReadAllTextAsync(Path.Combine(_bench.Workspace.Outside, "secret.txt"), TestContext.Current.CancellationToken));
        Assert.Equal(["secret.txt"], Directory.GetFileSystemEntries(_bench.Workspace.Outside).Select(Path.GetFileName));
        Assert.False(File.Exists("/tmp/new.txt"));
    }
}
