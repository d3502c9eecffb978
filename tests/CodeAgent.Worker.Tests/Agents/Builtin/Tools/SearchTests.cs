using System.Net.Sockets;
using CliWrap;
using CodeAgent.Worker.Tests.Benches;

namespace CodeAgent.Worker.Tests.Agents.Builtin.Tools;

public sealed class SearchTests : IAsyncLifetime
{
    private ToolBench _bench = null!;

    public async ValueTask InitializeAsync()
    {
        _bench = await ToolBench.CreateAsync();
        await _bench.Workspace.WriteAsync(".gitignore", "bin/\n*.log\n");
        await _bench.Workspace.WriteAsync("top.cs", "class Top {}\n");
        await _bench.Workspace.WriteAsync("src/one.cs", "class One\n{\n    int x = 1;\n}\n");
        await _bench.Workspace.WriteAsync("src/deep/two.ts", "class Two { x = 22 }\n");
        await _bench.Workspace.WriteAsync("src/deep/three.tsx", "class Three {}\n");
        await _bench.Workspace.WriteAsync("bin/built.cs", "class Built {}\n");
        await _bench.Workspace.WriteAsync("debug.log", "class Log\n");
        await _bench.Workspace.WriteAsync("ünïcode name.md", "class Ü\n");
        await File.WriteAllBytesAsync(_bench.Workspace.At("binary.cs"), [.. "class Binary"u8, 0]);
    }

    public ValueTask DisposeAsync()
    {
        _bench.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task What_is_ignored_or_binary_is_left_out() =>
        Assert.Equal("""
            src/deep/three.tsx:1: class Three {}
            src/deep/two.ts:1: class Two { x = 22 }
            src/one.cs:1: class One
            top.cs:1: class Top {}
            ünïcode name.md:1: class Ü

            """, await SearchAsync(new { pattern = @"\bclass\b" }));

    [Theory]
    [InlineData("*.cs", "src/one.cs top.cs")]
    [InlineData("*.{ts,tsx}", "src/deep/three.tsx src/deep/two.ts")]
    [InlineData("src/**/*.ts", "src/deep/two.ts")]
    [InlineData("src/*", "src/one.cs")]
    [InlineData("/src/*.cs", "src/one.cs")]
    [InlineData("*.py", "")]
    [InlineData("src/{one,two}.{cs,ts}", "src/one.cs")]
    public async Task A_glob_narrows_it(string glob, string files)
    {
        var answer = await SearchAsync(new { pattern = "class", glob });

        Assert.Equal(files, string.Join(' ', answer.Split('\n').Where(line => line.Contains(": ", StringComparison.Ordinal)).Select(line => line.Split(':')[0])));
    }

    [Fact]
    public async Task A_glob_that_cannot_be_read_is_refused() =>
        Assert.StartsWith("Error: 'glob' cannot be read:", await SearchAsync(new { pattern = "class", glob = "a/../b" }), StringComparison.Ordinal);

    [Fact]
    public async Task Files_that_cannot_be_read_do_not_spoil_the_rest()
    {
        await Cli.Wrap("git").WithArguments(["add", "top.cs", "src/deep/two.ts"]).WithWorkingDirectory(_bench.Workspace.Root).ExecuteAsync(TestContext.Current.CancellationToken);
        File.Delete(_bench.Workspace.At("top.cs"));
        File.Delete(_bench.Workspace.At("src/deep/two.ts"));
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(_bench.Workspace.At("top.cs")));
        Directory.CreateDirectory(_bench.Workspace.At("src/deep/two.ts"));

        Assert.Equal("src/one.cs:1: class One\n(1 files could not be read)\n", await SearchAsync(new { pattern = "class", glob = "*.{cs,ts}" }));
    }

    [Fact]
    public async Task A_folder_or_a_file_narrows_it()
    {
        Assert.Equal("src/one.cs:1: class One\n", await SearchAsync(new { pattern = "class", path = "src", glob = "*.cs" }));
        Assert.Equal("src/deep/two.ts:1: class Two { x = 22 }\n", await SearchAsync(new { pattern = "class", path = "src", glob = "deep/*.ts" }));
        Assert.Equal("debug.log:1: class Log\n", await SearchAsync(new { pattern = "class", path = "debug.log" }));
    }

    [Theory]
    [InlineData("(?<=x = )2+", "two.ts")]
    [InlineData(@"(\d)\1", "two.ts")]
    [InlineData("(?i)CLASS TWO", "two.ts")]
    public async Task Every_regular_expression_is_taken(string pattern, string file) =>
        Assert.StartsWith($"src/deep/{file}:1:", await SearchAsync(new { pattern, path = "src" }), StringComparison.Ordinal);

    [Fact]
    public async Task What_is_no_expression_is_refused() =>
        Assert.StartsWith("Error: 'pattern' is no regular expression:", await SearchAsync(new { pattern = "(" }), StringComparison.Ordinal);

    [Fact]
    public async Task An_expression_that_takes_for_ever_is_given_up()
    {
        await _bench.Workspace.WriteAsync("slow.txt", new string('a', 200) + "!\n");

        Assert.Contains("takes too long", await SearchAsync(new { pattern = @"^(?=(a+)+$)", path = "slow.txt" }), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_limit_cuts_it_and_says_so() =>
        Assert.EndsWith("(there are more than 2; search a smaller part, or for more)\n", await SearchAsync(new { pattern = "class", limit = 2 }), StringComparison.Ordinal);

    [Fact]
    public async Task A_limit_out_of_range_is_refused() =>
        Assert.StartsWith("Error: ", await SearchAsync(new { pattern = "class", limit = 0 }), StringComparison.Ordinal);

    [Fact]
    public async Task No_match_says_how_many_files_were_searched() =>
        Assert.Equal("(no match in 7 files)\n", await SearchAsync(new { pattern = "nothing like it" }));

    [Fact]
    public async Task A_long_line_is_cut_around_the_match()
    {
        await _bench.Workspace.WriteAsync("long.txt", new string('a', 5_000) + "NEEDLE" + new string('b', 5_000) + "\n");

        var answer = await SearchAsync(new { pattern = "NEEDLE" });

        Assert.Contains("NEEDLE", answer, StringComparison.Ordinal);
        Assert.InRange(answer.Length, 300, 350);
    }

    [Fact]
    public async Task A_tracked_file_that_is_gone_is_no_trouble()
    {
        await Cli.Wrap("git").WithArguments(["add", "top.cs"]).WithWorkingDirectory(_bench.Workspace.Root).ExecuteAsync(TestContext.Current.CancellationToken);
        File.Delete(_bench.Workspace.At("top.cs"));

        Assert.DoesNotContain("top.cs", await SearchAsync(new { pattern = "class" }), StringComparison.Ordinal);
        Assert.DoesNotContain("top.cs", await _bench.CallAsync("list", new { }), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_repositorys_configuration_runs_nothing()
    {
        await File.AppendAllTextAsync(_bench.Workspace.At(".git/config"), $"[core]\n\tfsmonitor = touch {_bench.Workspace.Outside}/ran; false\n", TestContext.Current.CancellationToken);

        await SearchAsync(new { pattern = "class" });

        Assert.False(File.Exists(Path.Combine(_bench.Workspace.Outside, "ran")));
    }

    [Fact]
    public async Task Nor_does_what_the_configuration_says_of_fetching_what_is_missing()
    {
        var ran = Path.Combine(_bench.Workspace.Outside, "ran");
        await Bash.RunAsync(_bench.Workspace.Root, $"""
            printf '#!/bin/sh\ntouch "{ran}"\n' > evil; chmod +x evil
            git config remote.origin.url "$PWD"; git config remote.origin.promisor true; git config remote.origin.uploadpack "$PWD/evil"
            mkdir ignoring; echo x > ignoring/x
            git update-index --add --cacheinfo 100644,1234567890123456789012345678901234567890,ignoring/.gitignore
            git update-index --skip-worktree ignoring/.gitignore
            """);

        await SearchAsync(new { pattern = "class" });
        await _bench.CallAsync("list", new { });

        Assert.False(File.Exists(ran));
    }

    private Task<string> SearchAsync(object with) => _bench.CallAsync("search", with);
}
