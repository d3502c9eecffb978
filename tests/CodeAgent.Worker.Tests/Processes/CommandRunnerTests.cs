using System.Diagnostics;
using System.Text;
using CodeAgent.Testing;
using CodeAgent.Worker.Configuration;
using CodeAgent.Worker.Processes;
using CodeAgent.Worker.Tests.Benches;
using CodeAgent.Worker.Workspaces;
using Microsoft.Extensions.Logging.Abstractions;

namespace CodeAgent.Worker.Tests.Processes;

public sealed class CommandRunnerTests : IDisposable
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(2);
    private readonly TestFolder _folder = new();
    private readonly WorkerOptions _options = new();
    private readonly CommandRunner _runner;

    public CommandRunnerTests() =>
        _runner = new(new WorkFolders(_folder.Path), () => _options, TimeProvider.System, NullLogger<CommandRunner>.Instance);

    [Theory]
    [InlineData("exit 0", 0)]
    [InlineData("exit 7", 7)]
    [InlineData("kill -9 $$", 137)]
    [InlineData("no-such-program", 127)]
    public async Task The_exit_code_is_the_scripts(string script, int expected) => Assert.Equal(expected, (await RunAsync(script)).ExitCode);

    [Fact]
    public async Task Both_streams_come_in_the_order_in_which_they_were_written()
    {
        var result = await RunAsync("for i in 1 2 3; do echo out $i; echo err $i >&2; done");
        Assert.Equal("out 1\nerr 1\nout 2\nerr 2\nout 3\nerr 3\n", result.Output);
    }

    [Fact]
    public async Task A_line_of_three_megabytes_comes_whole_in_small_pieces_and_is_cut_in_the_result()
    {
        var pieces = new List<int>();
        var result = await RunAsync("head -c 3000000 /dev/zero | tr '\\0' 'x'; echo end", onOutput: (piece, _) =>
        {
            pieces.Add(piece.Length);
            return default;
        });

        Assert.Equal(3_000_004, pieces.Sum());
        Assert.InRange(pieces.Max(), 1, 20_000);
        Assert.InRange(result.Output.Length, 15_000, 16_000);
        Assert.Matches(@"^x+\n\[… 2,98\d,\d{3} characters left out …\]\nx+end\n$", result.Output);
    }

    [Fact]
    public async Task A_character_that_is_cut_by_a_read_comes_whole()
    {
        var text = new StringBuilder();
        await RunAsync("printf '\\xe2\\x82'; sleep 0.1; printf '\\xac\\xf0\\x9f'; sleep 0.1; printf '\\x98\\x80!\\xff'", onOutput: (piece, _) =>
        {
            text.Append(piece);
            return default;
        });
        Assert.Equal("€😀!\uFFFD", text.ToString());
    }

    [Fact]
    public async Task A_child_in_the_background_that_holds_the_output_does_not_hold_the_result()
    {
        var result = await RunAsync("sleep 60 & echo $! started");
        Assert.Equal(0, result.ExitCode);
        Assert.InRange(result.Took, TimeSpan.Zero, Soon);
        await GoneAsync(result.Output.Split(' ')[0]);
    }

    [Fact]
    public async Task Children_that_left_their_parent_and_their_session_end_too()
    {
        var result = await RunAsync("(setsid nohup bash -c 'echo $$; sleep 60 & echo $!; wait' &) ; sleep 0.3");
        Assert.Equal(2, result.Output.Trim().Split('\n').Length);
        foreach (var id in result.Output.Trim().Split('\n'))
        {
            await GoneAsync(id);
        }
    }

    [Fact]
    public async Task Children_that_emptied_their_environment_too_end_with_the_last_command_that_they_can_be_from()
    {
        var other = RunAsync("sleep 1.5");
        var result = await RunAsync("(env -i /bin/bash -c 'echo $$; exec setsid /bin/sleep 60' &) ; sleep 0.5");
        await other;

        // Commands of other tests run at the same time.
        await GoneAsync(result.Output.Trim(), TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task When_the_time_is_up_all_of_it_ends_and_what_was_printed_stays()
    {
        var result = await RunAsync("trap '' TERM INT; setsid nohup sleep 61 & echo $!; sleep 60", TimeSpan.FromSeconds(0.5));
        Assert.Equal((124, true), (result.ExitCode, result.TimedOut));
        Assert.InRange(result.Took, TimeSpan.FromSeconds(0.5), TimeSpan.FromSeconds(0.5) + Soon);
        await GoneAsync(result.Output.Trim());
    }

    [Fact]
    public async Task A_cancel_ends_all_of_it_within_two_seconds()
    {
        using var cancel = new CancellationTokenSource();
        var seen = new TaskCompletionSource<string>();
        var running = RunAsync("trap '' TERM; (setsid nohup bash -c 'trap \"\" TERM; echo $$; while true; do sleep 1; done' &); sleep 60", cancellationToken: cancel.Token,
            onOutput: (piece, _) =>
            {
                seen.TrySetResult(piece);
                return default;
            });
        var id = (await seen.Task.WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken)).Trim();

        var clock = Stopwatch.StartNew();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        Assert.InRange(clock.Elapsed, TimeSpan.Zero, Soon);
        await GoneAsync(id);
    }

    [Fact]
    public async Task A_program_is_asked_to_end_before_it_is_made_to()
    {
        var result = await RunAsync("trap 'echo cleaned up; exit 3' TERM; echo ready; sleep 60 & wait", TimeSpan.FromSeconds(0.5));
        Assert.Equal("ready\ncleaned up\n", result.Output);
        Assert.Equal(124, result.ExitCode);
    }

    [Fact]
    public async Task Whoever_listens_and_fails_ends_the_command()
    {
        var clock = Stopwatch.StartNew();
        await Assert.ThrowsAsync<InvalidDataException>(() => RunAsync("echo x; sleep 60", onOutput: (_, _) => throw new InvalidDataException()));
        Assert.InRange(clock.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(5));
    }

    [Fact]
    public async Task A_slow_listener_loses_nothing()
    {
        var text = new StringBuilder();
        await RunAsync("seq 20000", onOutput: async (piece, token) =>
        {
            await Task.Delay(150, token);
            text.Append(piece);
        });
        Assert.Equal(string.Concat(Enumerable.Range(1, 20000).Select(i => $"{i}\n")), text.ToString());
    }

    [Fact]
    public async Task The_environment_has_nothing_of_the_workers_but_what_is_listed()
    {
        Environment.SetEnvironmentVariable("CODEAGENT_WORKER_KEY", "canary");
        Environment.SetEnvironmentVariable("OTEL_EXPORTER_OTLP_HEADERS", "canary");
        Environment.SetEnvironmentVariable("SOME_TOKEN", "canary");
        Environment.SetEnvironmentVariable("LISTED_ONE", "here");
        _options.PassEnvironment = ["PATH", "LISTED_*", "CODEAGENT_*", "OTEL_*"];

        var names = (await RunAsync("env")).Output.Trim().Split('\n').ToDictionary(line => line.Split('=')[0], line => line[(line.IndexOf('=') + 1)..]);
        Assert.DoesNotContain("canary", names.Values);
        Assert.Equal("here", names["LISTED_ONE"]);
        Assert.Equal("dumb", names["TERM"]);
        Assert.Equal("1", names["CI"]);
        Assert.StartsWith(_folder.Path, names["HOME"], StringComparison.Ordinal);
        Assert.NotEqual("", names["CODEAGENT_TASK"]);
        Assert.True(names["TMPDIR"].Length < 50, "sockets in there must have short paths");
    }

    [Fact]
    public async Task Standard_input_is_at_its_end() => Assert.Equal("0\n", (await RunAsync("cat | wc -c")).Output);

    [Fact]
    public async Task A_script_that_is_too_long_for_an_argument_runs_all_the_same() =>
        Assert.Equal("done\n", (await RunAsync($": {new string('x', 500_000)}\necho done")).Output);

    [Fact]
    public async Task A_folder_that_is_not_there_is_an_exit_code()
    {
        var result = await _runner.RunAsync(new() { Script = "true", Directory = _folder["nowhere"], TaskId = Guid.NewGuid(), TimeLimit = Soon }, TestContext.Current.CancellationToken);
        Assert.Equal(127, result.ExitCode);
        Assert.Contains("nowhere", result.Output, StringComparison.Ordinal);
    }

    public void Dispose()
    {
        var temp = new WorkFolders(_folder.Path).FolderOf("/elsewhere").Temp;
        if (Directory.Exists(temp))
        {
            Directory.Delete(temp, recursive: true);
        }

        _folder.Dispose();
    }

    private static Task GoneAsync(string id, TimeSpan? limit = null) => Eventually.TrueAsync(
        async () => await ProcessTable.FindAsync(int.Parse(id, System.Globalization.CultureInfo.InvariantCulture), TestContext.Current.CancellationToken) is null,
        limit ?? TimeSpan.FromMilliseconds(200), $"process {id} is gone");

    private Task<CommandResult> RunAsync(string script, TimeSpan? limit = null, Func<string, CancellationToken, ValueTask>? onOutput = null, CancellationToken? cancellationToken = null) =>
        _runner.RunAsync(new() { Script = script, Directory = _folder.Path, TaskId = Guid.NewGuid(), TimeLimit = limit ?? TimeSpan.FromSeconds(30), OnOutput = onOutput },
            cancellationToken ?? TestContext.Current.CancellationToken);
}
