using System.Text;
using CodeAgent.Contracts;

namespace CodeAgent.Worker.Tests.Agents.Builtin.Tools;

public sealed class EditTests : IAsyncLifetime
{
    private ToolBench _bench = null!;

    public async ValueTask InitializeAsync() => _bench = await ToolBench.CreateAsync();

    public ValueTask DisposeAsync()
    {
        _bench.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task The_changed_lines_are_shown_with_their_numbers()
    {
        await _bench.Workspace.WriteAsync("a.txt", "1\n2\n3\n4\n5\n6\n7\n");

        var answer = await EditAsync("4\n", "vier\nviereinhalb\n");

        Assert.Equal("a.txt: replaced.\n2\t2\n3\t3\n4\tvier\n5\tviereinhalb\n6\t5\n7\t6\n8\t7\n", answer);
        Assert.Equal("1\n2\n3\nvier\nviereinhalb\n5\n6\n7\n", await _bench.Workspace.ReadAsync("a.txt"));
        var change = _bench.Session.Events(EventTypes.FileChanged).Single();
        Assert.Equal(("a.txt", "modified"), (change.GetProperty("path").GetString(), change.GetProperty("kind").GetString()));
    }

    [Fact]
    public async Task Many_changed_lines_are_shown_without_their_middle()
    {
        await _bench.Workspace.WriteAsync("a.txt", "x\n");

        var answer = (await EditAsync("x", string.Join('\n', Enumerable.Range(1, 100)))).Split('\n');

        Assert.Equal("a.txt: replaced.", answer[0]);
        Assert.Equal("30\t30", answer[30]);
        Assert.Equal("… (42 lines)", answer[31]);
        Assert.Equal("73\t73", answer[32]);
        Assert.Equal("101\t", answer[^2]);
    }

    [Fact]
    public async Task A_file_that_is_too_long_is_refused()
    {
        await _bench.Workspace.WriteAsync("a.txt", new string('x', 10_000_001));

        Assert.StartsWith("Error: 'a.txt' has 10,000,001 bytes", await EditAsync("x", "y"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Text_that_is_there_more_than_once_is_refused_with_its_lines()
    {
        await _bench.Workspace.WriteAsync("a.txt", "x\ny\nx\nz\nx\n");

        var answer = await EditAsync("x", "y");

        Assert.Contains("3 times, in lines 1, 3, 5", answer, StringComparison.Ordinal);
        Assert.Equal("x\ny\nx\nz\nx\n", await _bench.Workspace.ReadAsync("a.txt"));
    }

    [Fact]
    public async Task All_replaces_every_one()
    {
        await _bench.Workspace.WriteAsync("a.txt", "x\ny\nx\nz\nx\n");

        var answer = await _bench.CallAsync("edit", new { path = "a.txt", old = "x\n", @new = "long\nlong\n", all = true });

        Assert.StartsWith("a.txt: replaced in 3 places.\n1\tlong\n2\tlong\n", answer, StringComparison.Ordinal);
        Assert.Equal("long\nlong\ny\nlong\nlong\nz\nlong\nlong\n", await _bench.Workspace.ReadAsync("a.txt"));
    }

    [Fact]
    public async Task Text_that_differs_in_white_space_is_refused_and_shown()
    {
        await _bench.Workspace.WriteAsync("a.c", "int main()\n{\n\tif (x) {\n\t\treturn 1;\n\t}\n}\n");

        var answer = await _bench.CallAsync("edit", new { path = "a.c", old = "    if (x) {\n        return 1;", @new = "" });

        Assert.Contains("white space alone:\n3\t\tif (x) {\n4\t\t\treturn 1;\n", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Text_that_is_not_there_is_refused_with_the_closest_lines()
    {
        await _bench.Workspace.WriteAsync("a.c", "one\nvar customerName = Load();\ntwo\n");

        var answer = await _bench.CallAsync("edit", new { path = "a.c", old = "var custmerName = Load();", @new = "" });

        Assert.Contains("2\tvar customerName = Load();\n", answer, StringComparison.Ordinal);
        Assert.DoesNotContain("1\tone", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Text_that_is_like_nothing_there_is_refused()
    {
        await _bench.Workspace.WriteAsync("a.txt", "one\n");

        Assert.Contains("No line of its 2 is like it", await EditAsync("xyz!", ""), StringComparison.Ordinal);
        Assert.Contains("white space", await EditAsync("   ", "x"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "x", "empty")]
    [InlineData("one", "one", "nothing would change")]
    public async Task An_edit_that_is_none_is_refused(string old, string @new, string reason)
    {
        await _bench.Workspace.WriteAsync("a.txt", "one\n");

        Assert.Contains(reason, await EditAsync(old, @new), StringComparison.Ordinal);
        Assert.Empty(_bench.Session.Events(EventTypes.FileChanged));
    }

    [Fact]
    public async Task Windows_line_ends_stay()
    {
        await _bench.Workspace.WriteAsync("a.txt", "one\r\ntwo\r\nthree\r\n");

        await EditAsync("one\ntwo", "one\nand a half\ntwo");
        await EditAsync("three", "three\nfour");

        Assert.Equal("one\r\nand a half\r\ntwo\r\nthree\r\nfour\r\n", await _bench.Workspace.ReadAsync("a.txt"));
    }

    [Fact]
    public async Task Line_ends_that_are_mixed_stay_mixed()
    {
        await _bench.Workspace.WriteAsync("a.txt", "one\r\ntwo\nthree\r\nfour\r\nfive\r\n");

        await EditAsync("two\nthree", "2\n3");

        Assert.Equal("one\r\n2\n3\r\nfour\r\nfive\r\n", await _bench.Workspace.ReadAsync("a.txt"));
    }

    [Theory]
    [InlineData("utf-8", true)]
    [InlineData("utf-16", true)]
    [InlineData("utf-16BE", true)]
    [InlineData("utf-32", true)]
    [InlineData("iso-8859-1", false)]
    [InlineData("utf-8", false)]
    public async Task The_encoding_and_its_mark_stay(string name, bool marked)
    {
        var encoding = Encoding.GetEncoding(name);
        byte[] Bytes(string text) => [.. marked ? encoding.Preamble : [], .. encoding.GetBytes(text)];
        await File.WriteAllBytesAsync(_bench.Workspace.At("a.txt"), Bytes("für\nalle\n"), TestContext.Current.CancellationToken);

        await EditAsync("für", "gegen Ärger");

        Assert.Equal(Bytes("gegen Ärger\nalle\n"), await File.ReadAllBytesAsync(_bench.Workspace.At("a.txt"), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Characters_that_the_encoding_lacks_are_refused()
    {
        await File.WriteAllBytesAsync(_bench.Workspace.At("a.txt"), Encoding.Latin1.GetBytes("für\n"), TestContext.Current.CancellationToken);

        Assert.Contains("Latin 1", await EditAsync("für", "中"), StringComparison.Ordinal);
        Assert.Equal(5, new FileInfo(_bench.Workspace.At("a.txt")).Length + 1);
    }

    [Fact]
    public async Task The_mode_stays()
    {
        await _bench.Workspace.WriteAsync("a.txt", "#!/bin/sh\necho one\n");
        const UnixFileMode Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupExecute;
        Assert.SkipWhen(OperatingSystem.IsWindows(), "There are no modes.");
#pragma warning disable CA1416 // Skipped above.
        File.SetUnixFileMode(_bench.Workspace.At("a.txt"), Mode);

        await EditAsync("one", "two");

        Assert.Equal(Mode, File.GetUnixFileMode(_bench.Workspace.At("a.txt")));
#pragma warning restore CA1416
    }

    [Fact]
    public async Task A_binary_file_is_refused()
    {
        await File.WriteAllBytesAsync(_bench.Workspace.At("a.txt"), [1, 0, 2], TestContext.Current.CancellationToken);

        Assert.Contains("binary", await EditAsync("a", "b"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nothing_is_left_beside_the_file()
    {
        await _bench.Workspace.WriteAsync("a.txt", "one\n");

        await EditAsync("one", "two");

        Assert.Equal([".git", "a.txt"], Directory.GetFileSystemEntries(_bench.Workspace.Root).Select(entry => Path.GetFileName(entry)!).Order(StringComparer.Ordinal));
    }

    private Task<string> EditAsync(string old, string @new) => _bench.CallAsync("edit", new { path = "a.txt", old, @new });
}
