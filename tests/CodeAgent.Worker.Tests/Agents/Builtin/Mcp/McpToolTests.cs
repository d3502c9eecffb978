using CodeAgent.Contracts;
using CodeAgent.Worker.Processes;
using CodeAgent.Worker.Tests.Benches;

namespace CodeAgent.Worker.Tests.Agents.Builtin.Mcp;

public sealed class McpToolTests : IAsyncLifetime
{
    private McpBench _bench = null!;

    public async ValueTask InitializeAsync() => _bench = await McpBench.CreateAsync();

    public ValueTask DisposeAsync() => _bench.DisposeAsync();

    [Fact]
    public async Task A_servers_tools_come_after_the_built_in_ones_in_the_order_of_their_names()
    {
        await _bench.CallAsync(("test__speak", new { what = "me" }));

        Assert.Equal(["finish", "test__big", "test__die", "test__endless", "test__hang", "test__refuse", "test__secret", "test__spawn", "test__speak", "test__tree"], _bench.Offered.SkipWhile(name => name != "finish"));
    }

    [Fact]
    public async Task A_schema_comes_to_the_model_whole()
    {
        await _bench.CallAsync(("list", new { }));

        var tree = _bench.Gateway.Requests.Last().Json.GetProperty("tools").EnumerateArray().Last().GetProperty("function");
        Assert.Equal("test__tree", tree.GetProperty("name").GetString());
        Assert.Equal("#/$defs/node", tree.GetProperty("parameters").GetProperty("properties").GetProperty("top").GetProperty("$ref").GetString());
        Assert.Equal("object", tree.GetProperty("parameters").GetProperty("$defs").GetProperty("node").GetProperty("type").GetString());
    }

    [Fact]
    public async Task A_call_is_answered_by_the_server() =>
        Assert.Equal("heard me", Assert.Single(await _bench.CallAsync(("test__speak", new { what = "me" }))));

    [Fact]
    public async Task A_rule_holds_for_a_servers_tool()
    {
        _bench.Agent.Rules = new() { Deny = ["tool:test__sp*"] };

        Assert.StartsWith("Error: A rule forbids this: deny tool:test__sp* (the task).", Assert.Single(await _bench.CallAsync(("test__speak", new { what = "me" }))), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_tool_that_refuses_is_an_error_to_the_model()
    {
        Assert.Equal("Error: not today", Assert.Single(await _bench.CallAsync(("test__refuse", new { }))));
        Assert.True(_bench.Agent.Session.Events(EventTypes.ToolResult).Single().GetProperty("error").GetBoolean());
    }

    [Fact]
    public async Task Only_the_tools_that_are_allowed_are_offered()
    {
        await _bench.ConfigureAsync("test: { command: [bash, SCRIPT], tools: [speak, refuse] }");

        var answer = Assert.Single(await _bench.CallAsync(("test__die", new { })));

        Assert.Equal(["finish", "test__refuse", "test__speak"], _bench.Offered.SkipWhile(name => name != "finish"));
        Assert.StartsWith("Error: There is no tool 'test__die'.", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_long_answer_is_cut_in_the_middle()
    {
        var answer = Assert.Single(await _bench.CallAsync(("test__big", new { })));

        Assert.InRange(answer.Length, 30_000, 30_100);
        Assert.Contains("… 170,000 characters left out …", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_dies_is_an_answer_and_is_started_again()
    {
        var answers = await _bench.CallAsync(("test__die", new { }), ("test__speak", new { what = "again" }));

        Assert.StartsWith("Error: The server did not answer: ", answers[0], StringComparison.Ordinal);
        Assert.Contains("I have had enough", answers[0], StringComparison.Ordinal);
        Assert.Equal("heard again", answers[1]);
    }

    [Fact]
    public async Task A_server_that_dies_over_and_over_is_given_up()
    {
        var answers = await _bench.CallAsync(("test__die", new { what = "1" }), ("test__die", new { what = "2" }), ("test__die", new { what = "3" }), ("test__die", new { what = "4" }));

        Assert.StartsWith("Error: The server ended or failed to start 3 times", answers[3], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_call_that_hangs_is_an_answer_in_time()
    {
        await _bench.ConfigureAsync("test: { command: [bash, SCRIPT], callTimeout: 3s }");

        var answers = await _bench.CallAsync(("test__hang", new { }), ("test__speak", new { what = "again" }));

        Assert.StartsWith("Error: The server did not answer within 3 s", answers[0], StringComparison.Ordinal);
        Assert.Equal("heard again", answers[1]);
    }

    [Fact]
    public async Task A_line_without_end_ends_the_server_and_not_the_worker()
    {
        var answer = Assert.Single(await _bench.CallAsync(("test__endless", new { })));

        Assert.StartsWith("Error: The server did not answer", answer, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("test: { command: [no-such-program-at-all] }", "no-such-program-at-all")]
    [InlineData("test: { command: [bash, -c, 'echo broken >&2; exit 1'] }", "broken")]
    [InlineData("test: { command: [sleep, '1000'], startTimeout: 1s }", "did not start within 1 s")]
    [InlineData("test: { url: 'http://127.0.0.1:9/mcp', startTimeout: 5s }", "did not start")]
    public async Task A_server_that_does_not_start_is_told_and_gone_on_without(string mcp, string reason)
    {
        await _bench.ConfigureAsync(mcp);

        await _bench.CallAsync(("list", new { }));

        Assert.Contains("Tool servers that could not be started; do without them: test.", _bench.Gateway.Requests.Last().Message(0), StringComparison.Ordinal);
        Assert.Equal("finish", _bench.Offered[^1]);
        var told = Assert.Single(_bench.Agent.Session.Events(EventTypes.Output)).GetProperty("text").GetString()!;
        Assert.StartsWith("MCP server test: The server did not start", told, StringComparison.Ordinal);
        Assert.Contains(reason, told, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_gets_its_secrets_and_none_of_the_workers_and_they_are_hidden_in_its_answers()
    {
        await _bench.ConfigureAsync("test: { command: [bash, SCRIPT], environment: { MY_TOKEN: '${TOKEN_OF_TESTS}' } }");
        Environment.SetEnvironmentVariable("CODEAGENT_KEY", "of-the-worker");
        try
        {
            Assert.Equal("it is *** in workspace with []", Assert.Single(await _bench.CallAsync(("test__secret", new { }))));
        }
        finally
        {
            Environment.SetEnvironmentVariable("CODEAGENT_KEY", null);
        }
    }

    [Fact]
    public async Task A_server_and_whatever_it_started_ends_with_the_run()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Processes are looked for in /proc.");

        await _bench.CallAsync(("test__spawn", new { }), ("run", new { command = "sleep 1" }));

        await StubbornChild.GoneAsync(await _bench.PidAsync("server.pid"), TimeSpan.FromSeconds(1));
        await StubbornChild.GoneAsync(await _bench.PidAsync("child.pid"), TimeSpan.FromSeconds(5));
    }

    [Fact]
    public async Task A_server_ends_within_two_seconds_when_the_run_is_canceled()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Processes are looked for in /proc.");
        using var cancel = new CancellationTokenSource();
        _bench.Gateway.Calls(("test__hang", new { }));
        var run = _bench.Agent.RunAsync(cancellationToken: cancel.Token);
        await CodeAgent.Testing.Eventually.TrueAsync(() => Task.FromResult(_bench.Agent.Session.Events(EventTypes.ToolCall).Count > 0), TimeSpan.FromSeconds(30), "the call");
        var server = await _bench.PidAsync("server.pid");
        var start = System.Diagnostics.Stopwatch.GetTimestamp();

        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);
        Assert.InRange(System.Diagnostics.Stopwatch.GetElapsedTime(start), TimeSpan.Zero, TimeSpan.FromSeconds(2.5));
        Assert.Null(await ProcessTable.FindAsync(server, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task After_a_restart_the_tools_are_the_same_and_servers_are_started_when_they_are_called()
    {
        await _bench.CallAsync(("test__speak", new { what = "1" }), ("list", new { }));
        var requests = _bench.Gateway.Requests.ToList();

        // By now the configured server is another one, which offers nothing.
        await _bench.ConfigureAsync("test: { command: [bash, -c, 'exit 1'] }");
        _bench.Gateway.Call("test__speak", new { what = "2" }).Say("Done.");
        var result = await _bench.Agent.RunAsync(_bench.Agent.Session.Saved[0]);

        Assert.Equal("Done.", result.Summary);
        Assert.Equal(requests[1].Text, _bench.Gateway.Requests.ElementAt(3).Text);
        Assert.StartsWith("Error: The server did not start", _bench.Gateway.Requests.Last().Message(^1), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Calls_that_only_read_run_at_once_where_the_configuration_says_so()
    {
        await _bench.ConfigureAsync("test: { command: [bash, SCRIPT], readOnly: [hang], callTimeout: 2s }");
        _bench.Gateway.Calls(("test__hang", new { what = "1" }), ("test__hang", new { what = "2" }), ("test__hang", new { what = "3" })).Say("Done.");

        await _bench.Agent.RunAsync();

        var types = _bench.Agent.Session.EventTypes.Where(type => type.StartsWith("tool.", StringComparison.Ordinal));
        Assert.Equal([EventTypes.ToolCall, EventTypes.ToolCall, EventTypes.ToolCall, EventTypes.ToolResult, EventTypes.ToolResult, EventTypes.ToolResult], types);
    }
}
