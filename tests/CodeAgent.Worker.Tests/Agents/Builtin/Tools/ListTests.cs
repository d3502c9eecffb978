using System.Globalization;
using CliWrap;

namespace CodeAgent.Worker.Tests.Agents.Builtin.Tools;

public sealed class ListTests : IAsyncLifetime
{
    private ToolBench _bench = null!;

    public async ValueTask InitializeAsync()
    {
        _bench = await ToolBench.CreateAsync();
        await _bench.Workspace.WriteAsync(".gitignore", "bin/\n");
        await _bench.Workspace.WriteAsync("a.txt", new string('x', 1_234));
        await _bench.Workspace.WriteAsync("src/one.cs", "1");
        await _bench.Workspace.WriteAsync("src/deep/two.cs", "22");
        await _bench.Workspace.WriteAsync("bin/built", "");
        _bench.Workspace.Link("link", "a.txt");
    }

    public ValueTask DisposeAsync()
    {
        _bench.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task Folders_come_first_and_files_have_their_sizes() =>
        Assert.Equal("src/  (2 files)\n.gitignore  5\na.txt  1,234\nlink  -> a.txt\n", await ListAsync(new { }));

    [Fact]
    public async Task Depth_shows_what_is_further_in() =>
        Assert.Equal("src/\nsrc/deep/  (1 files)\nsrc/one.cs  1\n.gitignore  5\na.txt  1,234\nlink  -> a.txt\n", await ListAsync(new { depth = 2 }));

    [Fact]
    public async Task A_folder_is_listed_with_whole_paths() =>
        Assert.Equal("src/deep/  (1 files)\nsrc/one.cs  1\n", await ListAsync(new { path = "src/" }));

    [Fact]
    public async Task What_is_no_folder_is_refused()
    {
        Assert.Equal("Error: 'a.txt' is a file; read shows it.", await ListAsync(new { path = "a.txt" }));
        Assert.Equal("Error: There is no folder 'none'.", await ListAsync(new { path = "none" }));
        Assert.StartsWith("Error: The argument 'depth'", await ListAsync(new { depth = 0 }), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_folder_with_nothing_to_show_says_so() =>
        Assert.Equal("(empty)", await ListAsync(new { path = "bin" }));

    [Fact]
    public async Task A_repository_within_is_shown_as_such()
    {
        await _bench.Workspace.WriteAsync("other/x", "");
        await Cli.Wrap("git").WithArguments(["init", "--quiet"]).WithWorkingDirectory(_bench.Workspace.At("other")).ExecuteAsync(TestContext.Current.CancellationToken);

        Assert.Contains("other  (a repository of its own)\n", await ListAsync(new { }), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Many_entries_are_cut()
    {
        for (var i = 0; i < 600; i++)
        {
            await _bench.Workspace.WriteAsync(string.Create(CultureInfo.InvariantCulture, $"many/{i:000}"), "");
        }

        Assert.EndsWith("many/499  0\n(100 more; list a folder further in, or use a smaller depth)\n", await ListAsync(new { path = "many" }), StringComparison.Ordinal);
    }

    private Task<string> ListAsync(object with) => _bench.CallAsync("list", with);
}
