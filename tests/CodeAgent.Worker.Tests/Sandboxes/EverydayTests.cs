using CodeAgent.Worker.Configuration;
using CodeAgent.Worker.Processes;

namespace CodeAgent.Worker.Tests.Sandboxes;

public sealed class BubblewrapEverydayTests : EverydayTests
{
    public BubblewrapEverydayTests()
        : base(SandboxMode.Bubblewrap)
    {
    }

    [Fact]
    public async Task Node_works() => await NeedsAsync("node", "node -e 'console.log(6 * 7)'; npm --version", @"^42\n\d+\.");

    [Fact]
    public async Task A_compiler_works() => await NeedsAsync("gcc", "printf '#include <stdio.h>\\nint main() { puts(\"built\"); }\\n' >a.c && gcc a.c -o a && ./a", "^built\n$");

    [Fact]
    public async Task A_small_project_is_built_and_run()
    {
        var result = await Bench.RunAsync("""
            set -e
            mkdir app && cd app
            printf '<Project Sdk="Microsoft.NET.Sdk"><PropertyGroup><OutputType>Exe</OutputType><TargetFramework>net10.0</TargetFramework></PropertyGroup></Project>' >app.csproj
            printf 'System.Console.WriteLine("hello from " + System.IO.Path.GetFileName(System.Environment.CurrentDirectory));' >Program.cs
            dotnet run
            """, seconds: 240);
        Assert.True(result.ExitCode == 0, result.Output);
        Assert.EndsWith("hello from app\n", result.Output, StringComparison.Ordinal);
    }

    private async Task NeedsAsync(string program, string script, string expected)
    {
        Assert.SkipWhen(Shell.Find(program)?.StartsWith("/usr/", StringComparison.Ordinal) != true, $"The program {program} is not installed in /usr.");
        var result = await Bench.RunAsync(script);
        Assert.Matches(expected, result.Output);
    }
}

/// <summary>What work needs, and gets, in a sandbox as outside.</summary>
public abstract class EverydayTests : IAsyncLifetime
{
    private readonly SandboxMode _kind;

    private protected EverydayTests(SandboxMode kind) => _kind = kind;

    /// <summary>What the kind needs to be set.</summary>
    private protected virtual void Configure(WorkerOptions options)
    {
    }

    private protected SandboxBench Bench { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Bench = await SandboxBench.OpenAsync(_kind, Configure);

    [Theory]
    [InlineData("exit 7", 7, "")]
    [InlineData("kill -9 $$", 137, "")]
    [InlineData("no-such-program 2>/dev/null", 127, "")]
    [InlineData("for i in 1 2; do echo out $i; echo err $i >&2; done", 0, "out 1\nerr 1\nout 2\nerr 2\n")]
    [InlineData("cat | wc -c", 0, "0\n")]
    [InlineData("cat read.me; echo more >>read.me; tail -n1 read.me", 0, "A file\nmore\n")]
    public async Task Scripts_run_as_they_do_outside(string script, int exitCode, string output)
    {
        var result = await Bench.RunAsync(script);
        Assert.Equal((exitCode, output), (result.ExitCode, result.Output));
    }

    [Fact]
    public async Task Programs_have_two_streams_and_say_when_they_are_not_there()
    {
        var result = await Bench.Sandbox.RunAsync(Bench.Line() with { Program = ["sh", "-c", "echo out; echo err >&2; exit 4"] }, TestContext.Current.CancellationToken);
        Assert.Equal((4, "out\n", "err\n"), (result.ExitCode, result.Output, result.Errors));
        Assert.Equal(127, (await Bench.Sandbox.RunAsync(Bench.Line() with { Program = ["no-such-program"] }, TestContext.Current.CancellationToken)).ExitCode);
        Assert.Equal(127, (await Bench.Sandbox.RunAsync(Bench.Line() with { Script = "true", Directory = "/nowhere" }, TestContext.Current.CancellationToken)).ExitCode);
    }

    [Fact]
    public async Task A_program_can_be_spoken_with()
    {
        await using var running = await Bench.Sandbox.StartAsync(Bench.Line() with { Program = ["sh", "-c", "while read -r line; do echo \"heard $line\"; done; exit 5"] }, TestContext.Current.CancellationToken);
        await running.Input.WriteAsync("one\n"u8.ToArray(), TestContext.Current.CancellationToken);
        await running.Input.FlushAsync(TestContext.Current.CancellationToken);
        using var output = new StreamReader(running.Output);
        Assert.Equal("heard one", await output.ReadLineAsync(TestContext.Current.CancellationToken));
        await running.Input.DisposeAsync();
        Assert.Equal(5, await running.Exited.WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Git_works_with_the_whole_history()
    {
        var result = await Bench.RunAsync("git status --short && git log --oneline | wc -l && echo x >new && git add new && git commit -qm 'Mine' && git log --format=%s -1 && git stash list && git diff HEAD~1 --stat | tail -n1");
        Assert.True(result.ExitCode == 0, $"{result.ExitCode}: {result.Output}{result.Errors}");
        Assert.Matches(@"^1\nMine\n.*1 file changed", result.Output);
    }

    [Fact]
    public async Task What_is_left_in_the_home_and_for_a_while_is_there_for_the_next_command()
    {
        await Bench.RunAsync("echo a >~/a; echo b >/tmp/b; echo c >\"$TMPDIR/c\"; echo d >/var/tmp/d");
        Assert.Equal("a\nb\nc\nd\n", (await Bench.RunAsync("cat ~/a /tmp/b \"$TMPDIR/c\" /var/tmp/d")).Output);
    }

    [Fact]
    public async Task A_script_that_is_too_long_for_an_argument_runs_all_the_same() =>
        Assert.Equal("done\n", (await Bench.RunAsync($": {new string('x', 500_000)}\necho done")).Output);

    [Fact]
    public async Task A_program_is_asked_to_end_before_it_is_made_to()
    {
        var result = await Bench.RunAsync("trap 'echo cleaned up; exit 3' TERM; echo ready; sleep 60 & wait", seconds: 2);
        Assert.Equal((124, "ready\ncleaned up\n"), (result.ExitCode, result.Output));
    }

    [Fact]
    public async Task A_server_of_the_commands_own_can_be_tried()
    {
        var result = await Bench.RunAsync("""
            mkfifo ready
            python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 8124)); open("ready", "w").close(); s.accept()[0].sendall(b"hello\n")' &
            cat ready
            bash -c 'exec 3<>/dev/tcp/127.0.0.1/8124; head -n1 <&3'
            """);
        Assert.Equal("hello\n", result.Output);
    }

    [Fact]
    public async Task A_cancel_ends_all_of_it()
    {
        using var cancel = new CancellationTokenSource();
        var seen = new TaskCompletionSource();
        var number = $"7{Random.Shared.NextInt64(1_000_000_000)}.5";
        var running = Bench.RunAsync($"trap '' TERM; (setsid nohup sleep {number} &); echo up; sleep {number}", cancellationToken: cancel.Token, onOutput: (_, _) =>
        {
            seen.TrySetResult();
            return default;
        });
        await seen.Task.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        await SandboxBench.NobodyAsync(number);
    }

    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return Bench?.DisposeAsync() ?? default;
    }
}
