using CodeAgent.Contracts;

namespace CodeAgent.Worker.Tests.Agents.Builtin.Tools;

public sealed class WriteTests : IAsyncLifetime
{
    private ToolBench _bench = null!;

    public async ValueTask InitializeAsync() => _bench = await ToolBench.CreateAsync();

    public ValueTask DisposeAsync()
    {
        _bench.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task A_new_file_gets_its_folders()
    {
        var answer = await _bench.CallAsync("write", new { path = "a/b/c.txt", content = "für\n" });

        Assert.Equal("a/b/c.txt: 5 bytes written (a new file).", answer);
        Assert.Equal("für\n", await _bench.Workspace.ReadAsync("a/b/c.txt"));
        Assert.Equal("""{"path":"a/b/c.txt","kind":"added"}""", _bench.Session.Events(EventTypes.FileChanged).Single().GetRawText());
    }

    [Fact]
    public async Task A_file_that_was_there_is_replaced_and_keeps_its_mode()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "There are no modes.");
        await _bench.Workspace.WriteAsync("a.sh", "old and longer");
        const UnixFileMode Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
#pragma warning disable CA1416 // Skipped above.
        File.SetUnixFileMode(_bench.Workspace.At("a.sh"), Mode);

        var answer = await _bench.CallAsync("write", new { path = "a.sh", content = "new" });

        Assert.Equal("a.sh: 3 bytes written (it was there before).", answer);
        Assert.Equal("new", await _bench.Workspace.ReadAsync("a.sh"));
        Assert.Equal(Mode, File.GetUnixFileMode(_bench.Workspace.At("a.sh")));
#pragma warning restore CA1416
        Assert.Equal("modified", _bench.Session.Events(EventTypes.FileChanged).Single().GetProperty("kind").GetString());
    }

    [Theory]
    [InlineData("folder")]
    [InlineData(".")]
    [InlineData("")]
    public async Task A_folder_is_refused(string path)
    {
        Directory.CreateDirectory(_bench.Workspace.At("folder"));

        Assert.EndsWith("is a folder.", await _bench.CallAsync("write", new { path, content = "" }), StringComparison.Ordinal);
    }
}
