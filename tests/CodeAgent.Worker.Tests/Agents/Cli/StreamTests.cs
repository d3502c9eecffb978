using CodeAgent.Contracts;
using CodeAgent.Worker.Agents.Cli;
using CodeAgent.Worker.Agents.Cli.Codex;

namespace CodeAgent.Worker.Tests.Agents.Clis;

/// <summary>
/// Recorded streams and what becomes of them: <c>Streams/NAME-….jsonl</c> ⇶ <c>Streams/NAME-….told</c>. Those of Cursor and Aider
/// are written by hand after their documentation.
/// </summary>
public sealed class StreamTests
{
    public static TheoryData<string> Names { get; } =
        [.. Directory.GetFiles(CliBench.Streams).Where(file => !file.EndsWith(".told", StringComparison.Ordinal)).Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task A_stream_becomes_the_events_that_the_built_in_agent_would_report(string stream)
    {
        await using var bench = await CliBench.CreateAsync();
        var name = stream.Split('-')[0];
        var exit = stream.Contains("-err", StringComparison.Ordinal) && name != AgentNames.Qwen ? 1 : 0;
        await bench.FakeAsync(name, $"play {stream}; exit {exit}");

        var told = bench.Told(await bench.RunAsync(name));

        var expected = Path.Combine(CliBench.Streams, Path.ChangeExtension(stream, ".told"));
        if (Environment.GetEnvironmentVariable("CODEAGENT_WRITE_TOLD") is { } folder)
        {
            await File.WriteAllTextAsync(Path.Combine(folder, Path.GetFileName(expected)), told, TestContext.Current.CancellationToken);
        }

        Assert.Equal(await File.ReadAllTextAsync(expected, TestContext.Current.CancellationToken), told);
    }

    [Theory]
    [InlineData("/bin/bash -lc ls", "ls")]
    [InlineData("/bin/bash -lc 'make test'", "make test")]
    [InlineData("""/bin/bash -lc "sed 's/a/b/' \"x\" \$Y" """, """sed 's/a/b/' "x" $Y""")]
    [InlineData("""/bin/bash -lc 'printf '"'"'x\n'"'" """, """printf 'x\n'""")]
    [InlineData("/bin/bash -lc ls -l", "/bin/bash -lc ls -l")]
    [InlineData("git status", "git status")]
    public void The_shell_that_codex_puts_around_a_command_is_taken_off(string command, string expected)
    {
        var line = System.Text.Json.JsonSerializer.Serialize(new { type = "item.started", item = new { id = "i", type = "command_execution", command = command.TrimEnd() } });
        var call = Assert.IsType<CliEvent.Called>(Assert.Single(new CodexEvents().Read(new(line))));
        Assert.Equal(expected, call.Arguments.GetProperty("command").GetString());
    }
}
