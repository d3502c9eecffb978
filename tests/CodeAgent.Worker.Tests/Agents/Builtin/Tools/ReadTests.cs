using System.Globalization;
using CliWrap;
using CodeAgent.Worker.Agents.Builtin.Files;

namespace CodeAgent.Worker.Tests.Agents.Builtin.Tools;

public sealed class ReadTests : IAsyncLifetime
{
    private ToolBench _bench = null!;

    public async ValueTask InitializeAsync() => _bench = await ToolBench.CreateAsync();

    public ValueTask DisposeAsync()
    {
        _bench.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task Lines_have_their_numbers()
    {
        await _bench.Workspace.WriteAsync("a.txt", "one\r\ntwo\n\nfour");

        Assert.Equal("1\tone\n2\ttwo\n3\t\n4\tfour\n", await ReadAsync(new { path = "a.txt" }));
    }

    [Fact]
    public async Task A_part_says_how_many_more_there_are()
    {
        await _bench.Workspace.WriteAsync("a.txt", Lines(10));

        Assert.Equal("3\tline 3\n4\tline 4\n(6 more lines; the file has 10)\n", await ReadAsync(new { path = "a.txt", from = 3, to = 4 }));
        Assert.Equal("9\tline 9\n10\tline 10\n", await ReadAsync(new { path = "a.txt", from = 9, to = 99 }));
        Assert.Equal("(the file has 10 lines; there is no line 11)", await ReadAsync(new { path = "a.txt", from = 11 }));
    }

    [Fact]
    public async Task A_long_file_is_cut()
    {
        await _bench.Workspace.WriteAsync("a.txt", Lines(2_345));

        var answer = await ReadAsync(new { path = "a.txt" });

        Assert.EndsWith("2000\tline 2000\n(345 more lines; the file has 2,345)\n", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_long_line_is_cut()
    {
        await _bench.Workspace.WriteAsync("a.txt", new string('x', 1_000_000) + "\nnext\n");

        var answer = await ReadAsync(new { path = "a.txt" });

        Assert.Equal($"1\t{new string('x', 2_000)} … (998,000 more characters)\n2\tnext\n", answer);
    }

    [Fact]
    public async Task Much_text_is_cut()
    {
        await _bench.Workspace.WriteAsync("a.txt", string.Concat(Enumerable.Repeat(new string('x', 999) + "\n", 300)));

        var answer = await ReadAsync(new { path = "a.txt" });

        Assert.InRange(answer.Length, 100_000, 103_000);
        Assert.Contains("more lines; the file has 300", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_binary_file_says_so()
    {
        await File.WriteAllBytesAsync(_bench.Workspace.At("a.bin"), [1, 2, 0, 3], TestContext.Current.CancellationToken);

        Assert.Equal("a.bin is a binary file of 4 bytes.", await ReadAsync(new { path = "a.bin" }));
    }

    [Fact]
    public async Task An_empty_file_says_so()
    {
        await _bench.Workspace.WriteAsync("a.txt", "");

        Assert.Equal("(the file is empty)", await ReadAsync(new { path = "a.txt" }));
    }

    [Fact]
    public async Task What_is_no_file_is_refused()
    {
        Assert.Equal("Error: There is no file 'none'.", await ReadAsync(new { path = "none" }));
        Assert.Equal("Error: '.' is a folder; list shows what is in it.", await ReadAsync(new { path = "" }));
        Assert.StartsWith("Error: 'from' must be 1", await ReadAsync(new { path = "none", from = 0 }), StringComparison.Ordinal);
        Assert.StartsWith("Error: 'from' must be 1", await ReadAsync(new { path = "none", from = 5, to = 4 }), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_pipe_that_nobody_writes_to_does_not_hold_up_the_end()
    {
        await Cli.Wrap("mkfifo").WithArguments([_bench.Workspace.At("pipe")]).ExecuteAsync(TestContext.Current.CancellationToken);
        var path = new WorkspacePaths(_bench.Workspace.Root).Resolve("pipe");
        using var cancel = new CancellationTokenSource();

        var opening = WorkspaceFiles.OpenAsync(path, cancel.Token);
        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => opening);
        await using var release = new FileStream(path.Full, FileMode.Open, FileAccess.ReadWrite);
    }

    [Fact]
    public async Task Neighbours_run_at_once()
    {
        // A pipe cannot be opened to write before somebody opens it to read: the second read begins while the first one waits.
        await Cli.Wrap("mkfifo").WithArguments([_bench.Workspace.At("first"), _bench.Workspace.At("second")]).ExecuteAsync(TestContext.Current.CancellationToken);

        var calls = _bench.CallAsync(("read", new { path = "first" }), ("read", new { path = "second" }));
        foreach (var pipe in new[] { "second", "first" })
        {
            await using var writer = await Task.Run(() => new FileStream(_bench.Workspace.At(pipe), FileMode.Open, FileAccess.Write), TestContext.Current.CancellationToken)
                .WaitAsync(TimeSpan.FromSeconds(8), TestContext.Current.CancellationToken);
        }

        Assert.Equal(["Error: 'first' is a pipe or a device, which cannot be read.", "Error: 'second' is a pipe or a device, which cannot be read."], await calls);
    }

    private static string Lines(int count) =>
        string.Concat(Enumerable.Range(1, count).Select(number => string.Create(CultureInfo.InvariantCulture, $"line {number}\n")));

    private Task<string> ReadAsync(object with) => _bench.CallAsync("read", with);
}
