using CodeAgent.Contracts;

namespace CodeAgent.Worker.Tests.Agents.Builtin;

/// <summary>A call that waits for a person, from the question to its answer on another worker.</summary>
public sealed class AskTests : IAsyncLifetime
{
    private AgentBench _bench = null!;

    public async ValueTask InitializeAsync() => _bench = await AgentBench.CreateAsync();

    public ValueTask DisposeAsync() => _bench.DisposeAsync();

    [Fact]
    public async Task A_question_stops_the_run_and_the_answer_is_the_result_of_the_call()
    {
        _bench.Gateway.Calls(("write", new { path = "a.txt", content = "a" }), ("ask", new { question = "Which one?", choices = (string[])["A", "B"] }), ("write", new { path = "b.txt", content = "b" }));
        var asked = await _bench.RunAsync();

        Assert.Equal(("1.1.2", "Which one?", "A,B"), (asked.Question!.Id, asked.Question.Text, string.Join(',', asked.Question.Choices)));
        Assert.Equal((null, null, 0), (asked.Failure, asked.Summary, asked.Turn));
        Assert.True(File.Exists(_bench.Workspace.At("a.txt")));
        Assert.False(File.Exists(_bench.Workspace.At("b.txt")));
        Assert.Equal(["write", "ask"], _bench.Session.Events(EventTypes.ToolCall).Select(call => call.GetProperty("name").GetString()));

        Answer("B, please.", asked.Question);
        _bench.Gateway.Say("Done.");
        var end = await _bench.RunAsync(_bench.Session.Saved.Single());

        Assert.Equal(("Done.", 2, 1), (end.Summary, end.Turn, end.MessagesSeen));
        Assert.True(File.Exists(_bench.Workspace.At("b.txt")));
        Assert.Equal(["system", "user", "assistant", "tool", "tool", "tool"], _bench.Gateway.Requests.Last().Roles);
        Assert.Equal("B, please.", _bench.Gateway.Requests.Last().Message(^2));
        Assert.Equal([0, 1, 2], _bench.Session.Saved.Select(saved => saved.Turn));
        Assert.Equal([$"{AgentBench.TaskId}:1:1", $"{AgentBench.TaskId}:1:2"], _bench.Gateway.Requests.Select(request => request.Key));
        Assert.Equal(["write", "ask", "write"], _bench.Session.Events(EventTypes.ToolResult).Select(result => result.GetProperty("name").GetString()));
    }

    [Fact]
    public async Task Without_an_answer_the_same_is_asked_again_and_no_model()
    {
        _bench.Gateway.Call("ask", new { question = "Which one?" });
        var asked = await _bench.RunAsync();
        var again = await _bench.RunAsync(_bench.Session.Saved.Single());

        Assert.Equal(asked.Question!.Id, again.Question!.Id);
        Assert.Single(_bench.Gateway.Requests);
    }

    [Fact]
    public async Task A_message_that_was_written_before_the_question_is_told_as_that()
    {
        _bench.Gateway.Then(async context =>
        {
            _bench.Session.Messages.Add(new(1, "By the way: use tabs."));
            await ScriptedGateway.StreamAsync(context, [new { tool_calls = new[] { new { index = 0, id = "c", type = "function", function = new { name = "ask", arguments = """{"question":"Which one?"}""" } } } }], "tool_calls", null);
        }).Say("Done.");
        var end = await _bench.RunAsync();

        Assert.Equal(("Done.", 1), (end.Summary, end.MessagesSeen));
        var request = _bench.Gateway.Requests.Last();
        Assert.Equal(["system", "user", "assistant", "tool", "user"], request.Roles);
        Assert.StartsWith("Nobody has seen this question yet", request.Message(^2), StringComparison.Ordinal);
        Assert.Equal("By the way: use tabs.", request.Message(^1));
    }

    [Fact]
    public async Task What_else_is_said_meanwhile_follows_the_answer()
    {
        _bench.Gateway.Call("ask", new { question = "Which one?" });
        var asked = await _bench.RunAsync();
        Answer("B", asked.Question!);
        _bench.Session.Messages.Add(new(2, "And hurry."));
        _bench.Gateway.Say("Done.");
        await _bench.RunAsync(_bench.Session.Saved.Single());

        var request = _bench.Gateway.Requests.Last();
        Assert.Equal(["system", "user", "assistant", "tool", "user"], request.Roles);
        Assert.Equal(("B", "And hurry."), (request.Message(^2), request.Message(^1)));
    }

    [Fact]
    public async Task Two_questions_in_one_message_are_asked_one_after_the_other()
    {
        _bench.Gateway.Calls(("ask", new { question = "First?" }), ("ask", new { question = "Second?" }));
        var first = await _bench.RunAsync();
        Answer("1", first.Question!);
        var second = await _bench.RunAsync(_bench.Session.Saved[^1]);
        Assert.Equal(("1.1.1", "1.1.2", "Second?"), (first.Question!.Id, second.Question!.Id, second.Question.Text));

        Answer("2", second.Question);
        _bench.Gateway.Say("Done.");
        var end = await _bench.RunAsync(_bench.Session.Saved[^1]);
        Assert.Equal(("Done.", 2), (end.Summary, end.Turn));
        Assert.Equal(("1", "2"), (_bench.Gateway.Requests.Last().Message(^2), _bench.Gateway.Requests.Last().Message(^1)));
    }

    [Theory]
    [InlineData("""{ "question": " " }""", "A question has 1 to 10,000 characters")]
    [InlineData("""{ "question": "x", "choices": [""] }""", "There are at most 20 choices")]
    [InlineData("""{ "text": "x" }""", "There is no argument 'text'")]
    public async Task What_cannot_be_asked_is_told_at_once(string arguments, string problem)
    {
        _bench.Gateway.Call("ask", arguments).Say("Done.");
        var end = await _bench.RunAsync();

        Assert.Null(end.Question);
        Assert.Contains(problem, _bench.Gateway.Requests.Last().Message(^1), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_answer_of_an_earlier_run_is_told_with_its_question()
    {
        _bench.Session.Messages.Add(new(1, "SQLite", new("1.4.1", "Which database?")));
        _bench.Gateway.Say("Done.");
        await _bench.RunAsync();

        Assert.Equal("Earlier you asked: Which database?\nThe answer was: SQLite", _bench.Gateway.Requests.Single().Message(^1));
    }

    private void Answer(string text, Question question, ApprovalDecision? decision = null) =>
        _bench.Session.Messages.Add(new(_bench.Session.Messages.Count + 1, text, new(question.Id, question.Text, decision)));
}
