using CodeAgent.Contracts;
using CodeAgent.Testing;
using CodeAgent.Worker.Configuration;
using CodeAgent.Worker.Processes;

namespace CodeAgent.Worker.Tests.Agents.Clis;

/// <summary>What was measured with the real CLIs, with shell scripts in their place.</summary>
public sealed class HazardTests
{
    // Each CLI's own way of being done after one tool and one message.
    private static readonly Dictionary<string, string> Streams = new()
    {
        [AgentNames.Codex] = "codex-ok.jsonl",
        [AgentNames.Claude] = "claude-ok.jsonl",
        [AgentNames.OpenCode] = "opencode-ok.jsonl",
        [AgentNames.Gemini] = "gemini-tools.jsonl",
        [AgentNames.Qwen] = "qwen-ok.jsonl",
        [AgentNames.Cursor] = "cursor-ok.jsonl",
        [AgentNames.Aider] = "aider-ok.txt",
    };

    public static TheoryData<string> All { get; } = [.. CliOptions.Names];

    /// <summary>Those that say when they are done.</summary>
    public static TheoryData<string> WithEnd { get; } = [.. CliOptions.Names.Where(name => name != AgentNames.Aider)];

    [Theory]
    [MemberData(nameof(All))]
    public async Task Its_input_ends_so_that_a_question_gets_an_end_and_not_a_wait(string name)
    {
        await using var bench = await CliBench.CreateAsync();
        await bench.FakeAsync(name, $"read -p 'May I? ' answer && exit 9; play {Streams[name]}");
        await DoneAsync(bench, name);
        Assert.Contains("Do it.", await bench.HomeFileAsync("stdin.1") + await bench.HomeFileAsync("arguments.1"), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task It_never_asks_for_permission(string name)
    {
        await using var bench = await CliBench.CreateAsync();
        await bench.FakeAsync(name, $"play {Streams[name]}");
        await DoneAsync(bench, name);
        Assert.Matches("--dangerously-bypass-approvals-and-sandbox|bypassPermissions|--auto|(?m)^-y$|--force|--yes-always", await bench.HomeFileAsync("arguments.1"));
    }

    [Theory]
    [MemberData(nameof(WithEnd))]
    public async Task One_that_does_not_exit_after_its_last_event_is_ended(string name)
    {
        await using var bench = await CliBench.CreateAsync();
        await bench.FakeAsync(name, $"play {Streams[name]}; sleep 300");
        await DoneAsync(bench, name);
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task A_child_that_holds_its_output_does_not_hold_the_task_nor_outlive_it(string name)
    {
        await using var bench = await CliBench.CreateAsync();
        await bench.FakeAsync(name, $"sleep 300 & echo $! > child; (setsid nohup bash -c 'echo $$ > hidden; sleep 300' &); until [ -s hidden ]; do sleep 0.02; done; play {Streams[name]}");
        await DoneAsync(bench, name);
        foreach (var file in (string[])["child", "hidden"])
        {
            var id = int.Parse(await File.ReadAllTextAsync(Path.Combine(bench.Folder.Tree, file), TestContext.Current.CancellationToken), System.Globalization.CultureInfo.InvariantCulture);
            await Eventually.TrueAsync(async () => await ProcessTable.FindAsync(id, TestContext.Current.CancellationToken) is null, TimeSpan.FromSeconds(10), $"the {file} is gone");
        }
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task Text_that_is_no_event_and_half_a_line_do_no_harm(string name)
    {
        await using var bench = await CliBench.CreateAsync();
        await bench.FakeAsync(name, $$"""printf 'w\xc3'; sleep 0.1; printf '\xa4rning \xff\n{"type":"assistant","mess\n[]\n{"type":7}\n{}\n'; play {{Streams[name]}}; printf '{"type":"resu'""");
        await DoneAsync(bench, name);
        var texts = bench.Session.All.Where(e => e.Type is EventTypes.Output or EventTypes.AgentMessage).Select(e => e.Data.GetProperty("text").GetString());
        Assert.Contains("wärning", string.Concat(texts), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_line_of_three_megabytes_is_read_with_its_middle_left_out()
    {
        await using var bench = await CliBench.CreateAsync();
        await bench.FakeAsync(AgentNames.Codex, """
            printf '{"type":"item.completed","item":{"id":"i","type":"command_execution","command":"big","exit_code":0,"status":"completed","aggregated_output":"'
            head -c 3000000 /dev/zero | tr '\0' 'x'; echo '"}}'
            play codex-ok.jsonl
            """);
        await DoneAsync(bench, AgentNames.Codex);
        var output = bench.Session.Events(EventTypes.ToolResult)[0].GetProperty("output").GetString()!;
        Assert.InRange(output.Length, 10_000, 20_000);
        Assert.StartsWith("Exit code 0.\nxxx", output, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task One_that_falls_silent_is_ended(string name)
    {
        await using var bench = await CliBench.CreateAsync();
        (await bench.FakeAsync(name, "sleep 300")).Silence = TimeSpan.FromSeconds(1);
        var result = await bench.RunAsync(name);
        Assert.Equal(FailureCodes.AgentFailed, result.Failure!.Code);
        Assert.Contains($"agents.{name}.silence", result.Failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(AgentNames.Claude, "play claude-500.jsonl | sed 's/\"error_status\":500/\"error_status\":401/'; sleep 300", "401")]
    [InlineData(AgentNames.Claude, "play claude-500.jsonl; sleep 300", "500")]
    [InlineData(AgentNames.Codex, "head -4 $STREAMS/codex-401.jsonl; sleep 300", "401.*The key is not known here")]
    [InlineData(AgentNames.Gemini, "for i in 1 2 3 4 5; do echo \"Attempt $i failed with status 429. Retrying with backoff...\" >&2; done; sleep 300", "429")]
    [InlineData(AgentNames.OpenCode, "for i in 1 2 3 4 5; do echo 'level=ERROR message=\"stream error\" error.error=\"AI_APICallError: It is down.\"' >&2; done; sleep 300", "It is down")]
    [InlineData(AgentNames.Aider, "for i in 1 2 3 4 5; do echo 'litellm.InternalServerError: It is down.'; echo 'Retrying in 32.0 seconds...'; done; sleep 300", "Retrying in")]
    public async Task A_model_that_fails_again_and_again_ends_the_task_long_before_the_cli_gives_up(string name, string script, string words)
    {
        await using var bench = await CliBench.CreateAsync();
        await bench.FakeAsync(name, script);
        var result = await bench.RunAsync(name);
        Assert.Equal(FailureCodes.ModelFailed, result.Failure?.Code);
        Assert.Matches(words, result.Failure!.Message);
    }

    [Theory]
    [InlineData(AgentNames.Codex, """{"type":"turn.failed","error":{"message":"exceeded retry limit: The limit tokens of this task is reached: 100 tokens of 100 tokens are used or reserved."}}""")]
    [InlineData(AgentNames.Claude, """{"type":"result","subtype":"success","is_error":true,"api_error_status":429,"result":"API Error: 429 The limit money of this task is reached: 1 US dollars of 1 US dollars are used or reserved."}""")]
    [InlineData(AgentNames.Qwen, """{"type":"result","subtype":"success","is_error":false,"result":"[API Error: 429 The limit tokens of this task is reached: 5 tokens of 5 tokens are used or reserved.]"}""")]
    public async Task A_limit_that_the_gateway_keeps_is_the_tasks_limit(string name, string last)
    {
        await using var bench = await CliBench.CreateAsync();
        await bench.FakeAsync(name, $"cat <<'END'\n{last}\nEND");
        Assert.Equal(FailureCodes.LimitReached, (await bench.RunAsync(name)).Failure?.Code);
    }

    [Theory]
    [InlineData(AgentNames.Codex, """{"type":"item.completed","item":{"id":"'$i'","type":"command_execution","command":"true","exit_code":0,"status":"completed"}}""")]
    [InlineData(AgentNames.Claude, """{"type":"assistant","message":{"id":"m'$i'","content":[{"type":"tool_use","id":"t'$i'","name":"Bash","input":{}}],"usage":{"input_tokens":50}}}'"\n"'{"type":"user","message":{"content":[{"type":"tool_result","tool_use_id":"t'$i'","content":""}]}}""")]
    [InlineData(AgentNames.OpenCode, """{"type":"step_start"}'"\n"'{"type":"step_finish","part":{"reason":"tool-calls","tokens":{"input":50}}}""")]
    public async Task A_model_that_never_stops_is_stopped_by_the_tasks_turns(string name, string turn)
    {
        await using var bench = await CliBench.CreateAsync();
        bench.Request.Limits.Turns = 5;
        await bench.FakeAsync(name, $"for ((i = 0; i < 100000; i++)); do printf '%b\\n' '{turn}'; sleep 0.01; done");
        var result = await bench.RunAsync(name);
        Assert.Equal(FailureCodes.LimitReached, result.Failure?.Code);
        Assert.Contains("limits.turns", result.Failure!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_model_that_never_stops_is_stopped_by_the_tasks_tokens_and_money()
    {
        const string Turn = """{"type":"assistant","message":{"content":[{"type":"tool_use","id":"t","name":"run_shell_command","input":{}}],"usage":{"input_tokens":50}}}'"\n"'{"type":"user","message":{"content":[{"type":"tool_result","tool_use_id":"t","content":""}]}}""";
        await using var bench = await CliBench.CreateAsync();
        bench.Gateway.Models = """{ "data": [ { "id": "default", "pricing": { "inputPerMillion": 1000, "outputPerMillion": 1 } } ] }""";
        await bench.FakeAsync(AgentNames.Qwen, $"for ((i = 0; i < 100000; i++)); do printf '%b\\n' '{Turn}'; sleep 0.01; done");

        bench.Request.Limits.Tokens = 100;
        Assert.Contains("limits.tokens", (await bench.RunAsync(AgentNames.Qwen)).Failure!.Message, StringComparison.Ordinal);

        bench.Request.Limits = new() { CostUsd = 0.10m };
        var result = await bench.RunAsync(AgentNames.Qwen);
        Assert.Contains("limits.costUsd", result.Failure!.Message, StringComparison.Ordinal);
        Assert.InRange(result.Usage.CostUsd, 0.10m, 0.20m);
    }

    [Fact]
    public async Task The_tasks_time_ends_it()
    {
        await using var bench = await CliBench.CreateAsync();
        bench.Session = new() { Deadline = TimeProvider.System.GetUtcNow().AddSeconds(1.5) };
        await bench.FakeAsync(AgentNames.Codex, "while true; do echo '{\"type\":\"turn.started\"}'; sleep 0.1; done");
        var result = await bench.RunAsync(AgentNames.Codex);
        Assert.Equal(FailureCodes.LimitReached, result.Failure?.Code);
        Assert.Contains("limits.minutes", result.Failure!.Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task Exit_code_zero_alone_proves_nothing(string name)
    {
        await using var bench = await CliBench.CreateAsync();
        await bench.FakeAsync(name, "exit 0");
        Assert.Equal(FailureCodes.AgentFailed, (await bench.RunAsync(name)).Failure?.Code);
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task A_last_event_alone_proves_nothing_either(string name)
    {
        await using var bench = await CliBench.CreateAsync();
        await bench.FakeAsync(name, $"play {Streams[name]}; echo 'it broke' >&2; exit 3");
        var result = await bench.RunAsync(name);
        Assert.Equal(FailureCodes.AgentFailed, result.Failure?.Code);
        Assert.Matches("exit code 3[^$]*it broke", result.Failure!.Message);
    }

    [Fact]
    public async Task A_model_that_fails_and_then_answers_has_not_failed_for_one_that_prints_text_alone()
    {
        await using var bench = await CliBench.CreateAsync();
        await bench.FakeAsync(AgentNames.Aider, "echo 'litellm.InternalServerError: It is down.'; echo 'The provider is down.'; echo 'Retrying in 0.2 seconds...'; play aider-ok.txt");
        await DoneAsync(bench, AgentNames.Aider);
        Assert.DoesNotContain(bench.Session.Notes, note => note.Contains("without having used a tool", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("head -4 $STREAMS/aider-ok.txt", FailureCodes.AgentFailed)]
    [InlineData("play aider-ok.txt; echo 'litellm.AuthenticationError: 401'; echo 'Check your key.'", FailureCodes.ModelFailed)]
    public async Task An_exit_code_of_0_without_an_answer_of_the_model_is_a_failure_for_one_that_prints_text_alone(string script, string code)
    {
        await using var bench = await CliBench.CreateAsync();
        await bench.FakeAsync(AgentNames.Aider, script);
        Assert.Equal(code, (await bench.RunAsync(AgentNames.Aider)).Failure?.Code);
    }

    [Fact]
    public async Task One_that_falls_silent_after_the_model_recovered_is_not_said_to_have_failed_by_the_model()
    {
        await using var bench = await CliBench.CreateAsync();
        (await bench.FakeAsync(AgentNames.Gemini, """
            echo 'Attempt 1 failed with status 429. Retrying with backoff...' >&2; sleep 0.3
            echo '{"type":"message","role":"assistant","content":"I look.","delta":true}'; sleep 300
            """)).Silence = TimeSpan.FromSeconds(1);
        var result = await bench.RunAsync(AgentNames.Gemini);
        Assert.Equal(FailureCodes.AgentFailed, result.Failure?.Code);
        Assert.Contains("agents.gemini.silence", result.Failure!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_tool_may_be_silent_for_longer_than_the_cli()
    {
        await using var bench = await CliBench.CreateAsync();
        (await bench.FakeAsync(AgentNames.Codex, """
            echo '{"type":"item.started","item":{"id":"item_9","type":"command_execution","command":"make"}}'; sleep 2
            echo '{"type":"item.completed","item":{"id":"item_9","type":"command_execution","command":"make","exit_code":0}}'; play codex-ok.jsonl
            """)).Silence = TimeSpan.FromSeconds(1);
        await DoneAsync(bench, AgentNames.Codex);
    }

    [Theory]
    [InlineData("stop")]
    [InlineData("unknown")]
    public async Task OpenCode_is_let_go_on_after_a_step_that_looks_like_its_last(string reason)
    {
        await using var bench = await CliBench.CreateAsync();
        await bench.FakeAsync(AgentNames.OpenCode, $"echo '{{\"type\":\"step_finish\",\"part\":{{\"reason\":\"{reason}\"}}}}'; sleep 2; echo on > went; play opencode-ok.jsonl");
        await DoneAsync(bench, AgentNames.OpenCode);
        Assert.True(File.Exists(Path.Combine(bench.Folder.Tree, "went")));
    }

    [Theory]
    [InlineData("""{ "data": [ { "id": "default", "contextWindow": 32000 } ] }""", "\"context\":32000,\"output\":8000")]
    [InlineData("""{ "data": [] }""", "\"context\":200000,\"output\":16000")]
    public async Task OpenCode_is_told_how_much_its_model_takes(string models, string limit)
    {
        await using var bench = await CliBench.CreateAsync();
        bench.Gateway.Models = models;
        await bench.FakeAsync(AgentNames.OpenCode, "play opencode-ok.jsonl");
        await DoneAsync(bench, AgentNames.OpenCode);
        Assert.Contains(limit, await bench.HomeFileAsync(".config/opencode/opencode.json"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task That_no_tool_was_used_is_told_and_fails_nothing()
    {
        await using var bench = await CliBench.CreateAsync();
        await bench.FakeAsync(AgentNames.Codex, """echo '{"type":"item.completed","item":{"id":"i","type":"agent_message","text":"all well"}}'; echo '{"type":"turn.completed"}'""");
        Assert.Null((await bench.RunAsync(AgentNames.Codex)).Failure);
        Assert.Contains(bench.Session.Notes, note => note.Contains("without having used a tool", StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task A_program_that_is_not_there_is_an_agent_that_is_not_available(string name)
    {
        await using var bench = await CliBench.CreateAsync();
        bench.Options.Agents![name] = new() { Command = "/no/such/program" };
        Assert.Equal(FailureCodes.AgentUnavailable, (await bench.RunAsync(name)).Failure?.Code);
    }

    [Theory]
    [InlineData(401, """{"error":{"message":"The key is not known here."}}""", FailureCodes.ModelFailed)]
    [InlineData(404, """{"error":{"message":"There is no model 'x'.","code":"model_not_found"}}""", FailureCodes.ModelNotFound)]
    public async Task A_key_or_model_that_the_gateway_refuses_ends_the_task_before_the_cli_is_started(int status, string body, string code)
    {
        await using var bench = await CliBench.CreateAsync();
        bench.Gateway.Model = (status, body);
        await bench.FakeAsync(AgentNames.Codex, "play codex-ok.jsonl");
        Assert.Equal(code, (await bench.RunAsync(AgentNames.Codex)).Failure?.Code);
        Assert.False(File.Exists(Path.Combine(bench.Folder.Home, "starts")));
    }

    private static async Task DoneAsync(CliBench bench, string name)
    {
        var result = await bench.RunAsync(name);
        Assert.True(result.Failure is null, result.Failure?.ToString());
        Assert.False(string.IsNullOrWhiteSpace(result.Summary));
    }
}
