using CodeAgent.Contracts;
using CodeAgent.Worker.Processes;

namespace CodeAgent.Worker.Tests.Agents.Builtin.Tools;

public sealed class OtherToolTests : IAsyncLifetime
{
    private ToolBench _bench = null!;

    public async ValueTask InitializeAsync() => _bench = await ToolBench.CreateAsync();

    public ValueTask DisposeAsync()
    {
        _bench.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task A_command_answers_its_exit_code_and_output()
    {
        _bench.Commands.Answer = (_, _) => Task.FromResult(new CommandResult(2, "error: no\n", TimedOut: false, TimeSpan.FromSeconds(3)));

        Assert.Equal("Exit code 2.\nerror: no\n", await _bench.CallAsync("run", new { command = "make" }));

        var command = _bench.Commands.Commands.Single();
        Assert.Equal(("make", _bench.Workspace.Root, AgentBench.TaskId, TimeSpan.FromSeconds(120)), (command.Script, command.Directory, command.TaskId, command.TimeLimit));
        Assert.False(_bench.Session.Events(EventTypes.ToolResult).Single().GetProperty("error").GetBoolean());
    }

    [Fact]
    public async Task A_command_whose_time_is_up_says_so()
    {
        _bench.Commands.Answer = (_, _) => Task.FromResult(new CommandResult(124, "", TimedOut: true, TimeSpan.FromSeconds(5)));

        Assert.Equal("Ended after 5 s: its time was up (exit code 124).\n(no output)", await _bench.CallAsync("run", new { command = "sleep 9", seconds = 5 }));
        Assert.Equal(TimeSpan.FromSeconds(5), _bench.Commands.Commands.Single().TimeLimit);
    }

    [Fact]
    public async Task A_command_without_time_is_refused() =>
        Assert.StartsWith("Error: The argument 'seconds'", await _bench.CallAsync("run", new { command = "x", seconds = 0 }), StringComparison.Ordinal);

    [Fact]
    public async Task Long_output_is_cut_in_the_middle_where_it_is_shown_to_people()
    {
        _bench.Commands.Answer = (_, _) => Task.FromResult(new CommandResult(0, "begin" + new string('x', 25_000) + "end", TimedOut: false, TimeSpan.Zero));

        var answer = await _bench.CallAsync("run", new { command = "x" });

        Assert.InRange(answer.Length, 25_000, 25_100);
        var shown = _bench.Session.Events(EventTypes.ToolResult).Single().GetProperty("output").GetString()!;
        Assert.InRange(shown.Length, 16_000, 16_100);
        Assert.Contains("characters left out", shown, StringComparison.Ordinal);
        Assert.EndsWith("end", shown, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_plan_is_kept_and_shown()
    {
        var answer = await _bench.CallAsync("plan", new { items = new object[] { new { text = "Look", done = true }, new { text = "Do" } } });

        Assert.Equal("[x] Look\n[ ] Do\n", answer);
        Assert.Equal("""{"items":[{"text":"Look","done":true},{"text":"Do","done":false}]}""", _bench.Session.Events(EventTypes.Plan).Single().GetRawText());
    }

    [Theory]
    [InlineData("read", "{}", "The argument 'path' is missing.")]
    [InlineData("read", """{"path":5}""", "The argument 'path' must be a string, not 5.")]
    [InlineData("read", """{"path":null}""", "The argument 'path' must be a string, not null.")]
    [InlineData("read", """{"path":"a","from":"one"}""", "The argument 'from' must be a whole number, not \"one\".")]
    [InlineData("read", """{"path":"a","from":1.5}""", "The argument 'from' must be a whole number, not 1.5.")]
    [InlineData("read", """{"path":"a","line":1}""", "There is no argument 'line'; there are: path, from, to.")]
    [InlineData("edit", """{"path":"a","old":"b","new":"c","all":"yes"}""", "The argument 'all' must be true or false, not \"yes\".")]
    [InlineData("plan", """{"items":[{"text":"a"},{"done":true}]}""", "The argument 'items[1].text' is missing.")]
    [InlineData("plan", """{"items":{}}""", "The argument 'items' must be a list, not {}.")]
    [InlineData("plan", """{"items":["a"]}""", "The argument 'items[0]' must be an object, not \"a\".")]
    [InlineData("delete", """{"path":"a"}""", "There is no tool 'delete'. There are: list, search, read, edit, write, patch, run, plan, ask, finish.")]
    public async Task Bad_arguments_are_told_and_the_run_goes_on(string tool, string arguments, string problem)
    {
        Assert.StartsWith($"Error: {problem}", await _bench.CallAsync(tool, arguments), StringComparison.Ordinal);
        Assert.True(_bench.Session.Events(EventTypes.ToolResult).Single().GetProperty("error").GetBoolean());
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"path":null,"depth":null}""")]
    public async Task What_is_left_out_has_its_default(string arguments) =>
        Assert.Equal("(empty)", await _bench.CallAsync("list", arguments));

    [Fact]
    public async Task Calls_and_results_are_reported_in_order()
    {
        await _bench.CallAsync(("write", new { path = "a", content = new string('x', 20_000) }), ("read", new { path = "a" }), ("list", new { }), ("run", new { command = "x" }));

        Assert.Equal(["tool.call", "file.changed", "tool.result", "tool.call", "tool.call", "tool.result", "tool.result", "tool.call", "tool.result"],
            _bench.Session.EventTypes.Where(type => type.StartsWith("tool.", StringComparison.Ordinal) || type == EventTypes.FileChanged));
        Assert.Equal(["write", "read", "list", "run"], _bench.Session.Events(EventTypes.ToolResult).Select(result => result.GetProperty("name").GetString()));
        var call = _bench.Session.Events(EventTypes.ToolCall)[0];
        Assert.InRange(call.GetProperty("arguments").GetProperty("content").GetString()!.Length, 8_000, 8_100);
        Assert.Equal(_bench.Session.Events(EventTypes.ToolResult)[0].GetProperty("id").GetString(), call.GetProperty("id").GetString());
    }
}
