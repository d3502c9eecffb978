using CodeAgent.Contracts;
using CodeAgent.Worker.Tests.Agents.Builtin;

namespace CodeAgent.Worker.Tests.Agents.Clis;

public sealed class ResumeTests
{
    private const string Thread = "01a20469-dc48-7483-92ac-263c7c6a491a";

    [Fact]
    public async Task A_cli_that_is_killed_in_mid_tool_goes_on_with_its_own_session_in_the_next_attempt()
    {
        await using var bench = await CliBench.CreateAsync();
        await bench.FakeAsync(AgentNames.Codex, """
            mkdir -p ~/.codex/sessions/2026; echo "{\"cwd\":\"$PWD\"}" > ~/.codex/sessions/2026/rollout.jsonl; printf '{"half' >> ~/.codex/sessions/2026/rollout.jsonl
            head -5 $STREAMS/codex-ok.jsonl
            echo '{"type":"item.started","item":{"id":"item_9","type":"command_execution","command":"sleep 300"}}'
            sleep 300
            """);
        var saved = await KilledAsync(bench, AgentNames.Codex);

        await bench.FakeAsync(AgentNames.Codex, "cp ~/.codex/sessions/2026/rollout.jsonl ~/seen; play codex-ok.jsonl");
        var result = await bench.RunAsync(AgentNames.Codex, from: saved);
        Assert.True(result.Failure is null, result.Failure?.ToString());
        Assert.Matches($"(?s)^exec\nresume\n.*\n{Thread}\n-\n$", await bench.HomeFileAsync("arguments.1"));
        Assert.StartsWith("You were interrupted", await bench.HomeFileAsync("stdin.1"), StringComparison.Ordinal);
        Assert.Equal($$"""{"cwd":"{{bench.Folder.Tree}}"}""" + "\n", await bench.HomeFileAsync("seen"));
        Assert.Empty(bench.Session.Notes);
        Assert.True(result.Turn > saved.Turn);
    }

    [Theory]
    [InlineData(AgentNames.Claude, "claude-ok.jsonl", ".claude/projects/$(pwd | tr -c 'a-zA-Z0-9\\n' -)", "--resume\n9b3bf79b")]
    [InlineData(AgentNames.Qwen, "qwen-ok.jsonl", ".qwen/projects/$(pwd | tr -c 'a-zA-Z0-9\\n' -)/chats", "--resume\nae7715f6")]
    [InlineData(AgentNames.Gemini, "gemini-tools.jsonl", ".gemini/tmp/tree/chats", "--resume\n2aacf578")]
    public async Task The_sessions_files_are_where_the_cli_looks_for_them_in_the_next_attempt(string name, string stream, string folder, string arguments)
    {
        await using var bench = await CliBench.CreateAsync();
        await bench.FakeAsync(name, $"mkdir -p ~/{folder}; echo '{{}}' > ~/{folder}/s.jsonl; head -4 $STREAMS/{stream}; sleep 300");
        var saved = await KilledAsync(bench, name);

        await bench.FakeAsync(name, $"cat ~/{folder}/s.jsonl > ~/seen || exit 1; play {stream}");
        var result = await bench.RunAsync(name, from: saved);
        Assert.True(result.Failure is null, result.Failure?.ToString());
        Assert.Contains(arguments, await bench.HomeFileAsync("arguments.1"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_whose_session_cannot_be_taken_along_starts_afresh_and_that_is_on_the_task()
    {
        await using var bench = await CliBench.CreateAsync();
        await bench.FakeAsync(AgentNames.OpenCode, "head -3 $STREAMS/opencode-ok.jsonl; sleep 300");
        var saved = await KilledAsync(bench, AgentNames.OpenCode);

        await bench.FakeAsync(AgentNames.OpenCode, "play opencode-ok.jsonl");
        Assert.Null((await bench.RunAsync(AgentNames.OpenCode, from: saved)).Failure);
        Assert.DoesNotContain("-s\n", await bench.HomeFileAsync("arguments.1"), StringComparison.Ordinal);
        Assert.Matches("(?s)^Do it.*Somebody began this work before you", await bench.HomeFileAsync("stdin.1"));
        Assert.Contains(bench.Session.Notes, note => note.Contains("started afresh after turn 1", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_cli_that_somebody_else_kills_is_started_again_with_its_session_but_not_for_ever()
    {
        await using var bench = await CliBench.CreateAsync();
        await bench.FakeAsync(AgentNames.Codex, "[ $(wc -l < ~/starts) = 1 ] || { play codex-ok.jsonl; exit; }; head -4 $STREAMS/codex-ok.jsonl; sleep 0.5; kill -9 $$");
        Assert.Null((await bench.RunAsync(AgentNames.Codex)).Failure);
        Assert.Contains($"resume\n", await bench.HomeFileAsync("arguments.2"), StringComparison.Ordinal);
        Assert.StartsWith("You were interrupted", await bench.HomeFileAsync("stdin.2"), StringComparison.Ordinal);

        await bench.FakeAsync(AgentNames.Codex, "kill -9 $$");
        Assert.Equal(FailureCodes.AgentFailed, (await bench.RunAsync(AgentNames.Codex)).Failure?.Code);
        Assert.Equal("start\nstart\nstart\n", await bench.HomeFileAsync("starts"));
    }

    [Fact]
    public async Task What_the_checks_say_is_told_to_the_same_session()
    {
        await using var bench = await CliBench.CreateAsync();
        await bench.FakeAsync(AgentNames.OpenCode, "play opencode-ok.jsonl");
        var first = await bench.RunAsync(AgentNames.OpenCode);
        var second = await bench.RunAsync(AgentNames.OpenCode, after: first, feedback: "The check failed.", same: true);
        Assert.Null(second.Failure);
        Assert.Contains("-s\nses_dfb96165bffehKFIaYxVUlsumv\n", await bench.HomeFileAsync("arguments.2"), StringComparison.Ordinal);
        Assert.Equal("The check failed.", await bench.HomeFileAsync("stdin.2"));
        Assert.Equal((4, 400), (second.Turn, second.Usage.InputTokens));
    }

    [Fact]
    public async Task A_message_that_comes_while_it_works_is_told_after_its_turn()
    {
        await using var bench = await CliBench.CreateAsync();
        await bench.FakeAsync(AgentNames.Claude, "play claude-ok.jsonl");
        bench.Session.OnCheckpoint = _ => bench.Session.Messages.AddRange(bench.Session.Messages.Count == 0 ? [new FollowUp(1, "And a README, please.")] : []);
        var result = await bench.RunAsync(AgentNames.Claude);
        Assert.Equal((null, 1), (result.Failure, result.MessagesSeen));
        Assert.Equal("And a README, please.", await bench.HomeFileAsync("stdin.2"));
        Assert.Contains("--resume\n9b3bf79b-71c7-4a39-95fa-27c3f80e7fd9\n", await bench.HomeFileAsync("arguments.2"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task All_that_was_said_before_and_since_the_first_start_is_told_to_one_that_starts_afresh()
    {
        await using var bench = await CliBench.CreateAsync();
        bench.Session.Messages.Add(new(1, "In English, please."));
        await bench.FakeAsync(AgentNames.OpenCode, "[ $(wc -l < ~/starts) = 1 ] && { play opencode-ok.jsonl; exit; }; sed -n 1,3p $STREAMS/opencode-ok.jsonl; sleep 300");
        using var kill = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        bench.Session.OnCheckpoint = turn =>
        {
            if (bench.Session.Messages.Count == 1)
            {
                bench.Session.Messages.Add(new(2, "And a README."));
            }
            else if (bench.Session.Saved.Count > 2)
            {
                kill.CancelAfter(TimeSpan.FromMilliseconds(200));
            }
        };
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => bench.RunAsync(AgentNames.OpenCode, cancellationToken: kill.Token));
        bench.Session.OnCheckpoint = _ => { };
        Assert.Equal(2, bench.Session.Saved[^1].MessagesSeen);

        await bench.FakeAsync(AgentNames.OpenCode, "play opencode-ok.jsonl");
        Assert.Null((await bench.RunAsync(AgentNames.OpenCode, from: bench.Session.Saved[^1])).Failure);
        Assert.Matches("(?s)^Do it.*In English, please.*And a README", await bench.HomeFileAsync("stdin.1"));
    }

    [Fact]
    public async Task One_that_was_done_already_is_not_started_again()
    {
        await using var bench = await CliBench.CreateAsync();
        await bench.FakeAsync(AgentNames.Codex, "play codex-ok.jsonl");
        var first = await bench.RunAsync(AgentNames.Codex);
        var second = await bench.RunAsync(AgentNames.Codex, after: first);
        Assert.Equal((null, "done"), (second.Failure, second.Summary));
        Assert.False(File.Exists(Path.Combine(bench.Folder.Home, "starts")));
    }

    [Fact]
    public async Task Tokens_that_codex_counts_over_its_whole_session_are_counted_once()
    {
        await using var bench = await CliBench.CreateAsync();
        await bench.FakeAsync(AgentNames.Codex, "play codex-ok.jsonl");
        var first = await bench.RunAsync(AgentNames.Codex);
        await bench.FakeAsync(AgentNames.Codex, "play codex-ok.jsonl | sed 's/\"input_tokens\":200/\"input_tokens\":350/'");
        var second = await bench.RunAsync(AgentNames.Codex, after: first, feedback: "Again.", same: true);
        Assert.Equal((200, 350), (first.Usage.InputTokens, second.Usage.InputTokens));
    }

    private static async Task<SavedTurn> KilledAsync(CliBench bench, string name)
    {
        using var kill = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        bench.Session.OnCheckpoint = _ => kill.CancelAfter(TimeSpan.FromMilliseconds(200));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => bench.RunAsync(name, cancellationToken: kill.Token));
        bench.Session.OnCheckpoint = _ => { };
        return bench.Session.Saved[^1];
    }
}
