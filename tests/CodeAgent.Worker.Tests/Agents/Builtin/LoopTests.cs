using CodeAgent.Contracts;
using Microsoft.AspNetCore.Http;

namespace CodeAgent.Worker.Tests.Agents.Builtin;

public sealed class LoopTests : IAsyncLifetime
{
    private AgentBench _bench = null!;

    public async ValueTask InitializeAsync() => _bench = await AgentBench.CreateAsync();

    public ValueTask DisposeAsync() => _bench.DisposeAsync();

    [Fact]
    public async Task A_message_without_a_call_ends_the_run_with_its_text()
    {
        _bench.Gateway.Say("All is well.");

        var result = await _bench.RunAsync();

        Assert.Null(result.Failure);
        Assert.Equal("All is well.", result.Summary);
        Assert.Equal(1, result.Turn);
        Assert.Equal("All is well.", _bench.Session.Events(EventTypes.AgentMessage).Single().GetProperty("text").GetString());
    }

    [Fact]
    public async Task Finish_ends_the_run_with_its_summary()
    {
        _bench.Gateway.Call("write", new { path = "a.txt", content = "a\n" }).Call("finish", new { summary = "Wrote a." });

        var result = await _bench.RunAsync();

        Assert.Equal("Wrote a.", result.Summary);
        Assert.Equal(2, result.Turn);
        Assert.Equal("a\n", await _bench.Workspace.ReadAsync("a.txt"));
        Assert.Equal([1, 2], _bench.Session.Saved.Select(saved => saved.Turn));
    }

    [Fact]
    public async Task The_request_says_the_task_as_it_is_and_offers_the_tools()
    {
        _bench.Request = new() { Prompt = "Fix the bug.\n", Checks = ["make test"], Agent = new() { Model = "big" } };
        _bench.Gateway.Say("ok");

        await _bench.RunAsync();

        var request = _bench.Gateway.Requests.Single();
        Assert.Equal("big", request.Json.GetProperty("model").GetString());
        Assert.Equal(["system", "user"], request.Roles);
        Assert.Equal("Fix the bug.\n", request.Message(1));
        Assert.Contains("- make test", request.Message(0), StringComparison.Ordinal);
        Assert.DoesNotContain(_bench.Workspace.Root, request.Text, StringComparison.Ordinal);
        Assert.Equal($"{AgentBench.TaskId}:1:1", request.Key);
        Assert.Equal("Bearer lease-token", request.Authorization);
        Assert.Equal(["list", "search", "read", "edit", "write", "patch", "run", "plan", "ask", "finish"],
            request.Json.GetProperty("tools").EnumerateArray().Select(tool => tool.GetProperty("function").GetProperty("name").GetString()));
    }

    [Fact]
    public async Task A_task_without_a_model_asks_for_the_default()
    {
        _bench.Gateway.Say("ok");

        await _bench.RunAsync();

        Assert.Equal("default", _bench.Gateway.Requests.Single().Json.GetProperty("model").GetString());
    }

    [Fact]
    public async Task An_empty_message_is_asked_about_and_too_many_of_them_end_the_run()
    {
        _bench.Gateway.Say("").Say("").Say("");

        var result = await _bench.RunAsync();

        Assert.Equal(FailureCodes.Stuck, result.Failure?.Code);
        Assert.Equal(3, result.Turn);
        Assert.Contains("empty", _bench.Gateway.Requests.Last().Message(^1), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_empty_message_between_others_is_forgiven()
    {
        _bench.Gateway.Say("").Say("").Call("plan", new { items = Array.Empty<object>() }).Say("").Say("Done.");

        Assert.Equal("Done.", (await _bench.RunAsync()).Summary);
    }

    [Fact]
    public async Task A_message_cut_at_its_longest_does_not_end_the_run()
    {
        _bench.Gateway.Then(context => ScriptedGateway.StreamAsync(context, [new { content = "I wan" }], "length", usage: null)).Say("Done.");

        var result = await _bench.RunAsync();

        Assert.Equal("Done.", result.Summary);
        Assert.Contains("cut off", _bench.Gateway.Requests.Last().Message(^1), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_model_that_refuses_is_a_failure_with_its_words()
    {
        _bench.Gateway.Then(context => ScriptedGateway.StreamAsync(context,
        [
            new { refusal = "I won't." },
            // The client passes a refusal on only beside a call, even one without a name.
            new { tool_calls = new[] { new { index = 0, id = "c1", type = "function", function = new { name = "", arguments = "" } } } },
        ], "stop", usage: null));

        Assert.Equal(new TaskFailure(FailureCodes.AgentFailed, "The model refused: I won't."), (await _bench.RunAsync()).Failure);
    }

    [Fact]
    public async Task An_answer_that_the_provider_filters_is_a_failure()
    {
        _bench.Gateway.Then(context => ScriptedGateway.StreamAsync(context, [new { content = "Well" }], "content_filter", usage: null));

        Assert.Equal(FailureCodes.ModelFailed, (await _bench.RunAsync()).Failure?.Code);
    }

    [Fact]
    public async Task An_answer_that_is_no_json_is_a_failure()
    {
        _bench.Gateway.Then(async context =>
        {
            context.Response.ContentType = "text/event-stream";
            await context.Response.WriteAsync("data: <html>\n\n");
        });

        var failure = (await _bench.RunAsync()).Failure;

        Assert.Equal(FailureCodes.ModelFailed, failure?.Code);
        Assert.Contains("does not follow the protocol", failure!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Messages_that_come_in_between_are_part_of_the_next_turn()
    {
        _bench.Gateway.Call("plan", new { items = Array.Empty<object>() }).Say("Done.");
        _bench.Session.OnCheckpoint = saved => _bench.Session.Messages.AddRange(saved.Turn == 1 ? [new(1, "Also this."), new(2, "And that.")] : []);

        var result = await _bench.RunAsync();

        var last = _bench.Gateway.Requests.Last();
        Assert.Equal(["Also this.", "And that."], [last.Message(^2), last.Message(^1)]);
        Assert.Equal(2, result.MessagesSeen);
        Assert.Equal([0, 2], _bench.Session.Saved.Select(saved => saved.MessagesSeen));
    }

    [Fact]
    public async Task A_message_that_comes_while_the_agent_finishes_is_still_worked_on()
    {
        _bench.Gateway.Call("finish", new { summary = "Done." }).Say("Done, and that too.");
        _bench.Session.OnCheckpoint = saved => _bench.Session.Messages.AddRange(saved.Turn == 1 ? [new(1, "And that.")] : []);

        var result = await _bench.RunAsync();

        Assert.Equal("Done, and that too.", result.Summary);
        Assert.Equal(2, result.Turn);
    }

    [Fact]
    public async Task What_the_model_thinks_is_reported_and_given_back_to_it()
    {
        _bench.Gateway
            .Then(context => ScriptedGateway.StreamAsync(context,
            [
                new { reasoning_content = "Hm, " }, new { reasoning_content = "let me see." },
                new { tool_calls = new[] { new { index = 0, id = "c1", type = "function", function = new { name = "list", arguments = "{}" } } } },
            ], "tool_calls", usage: null))
            .Say("Done.");

        await _bench.RunAsync();

        Assert.Equal("Hm, let me see.", _bench.Session.Events(EventTypes.AgentReasoning).Single().GetProperty("text").GetString());
        var assistant = _bench.Gateway.Requests.Last().Json.GetProperty("messages")[2];
        Assert.Equal("Hm, let me see.", assistant.GetProperty("reasoning_content").GetString());
        Assert.Equal("list", assistant.GetProperty("tool_calls")[0].GetProperty("function").GetProperty("name").GetString());
    }

    [Theory]
    [InlineData("""{"path": """, "Error: The arguments are no JSON object: ")]
    [InlineData("""["a"]""", "Error: The arguments are no JSON object: ")]
    [InlineData("", "Error: The argument 'path' is missing.")]
    public async Task Arguments_that_are_no_json_object_are_told_and_the_run_goes_on(string arguments, string answer)
    {
        _bench.Gateway.Call("read", arguments).Say("Done.");

        Assert.Equal("Done.", (await _bench.RunAsync()).Summary);
        Assert.StartsWith(answer, _bench.Gateway.Requests.Last().Message(^1), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Cancellation_from_outside_is_no_result()
    {
        using var cancel = new CancellationTokenSource();
        _bench.Gateway.Then(async context =>
        {
            await cancel.CancelAsync();
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
        });

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _bench.RunAsync(cancellationToken: cancel.Token));
        Assert.Empty(_bench.Session.Saved);
    }

    [Fact]
    public async Task A_state_of_another_kind_is_a_failure_that_says_so()
    {
        var result = await _bench.RunAsync(new SavedTurn(3, System.Text.Json.JsonElement.Parse("""{ "version": 99, "entries": [] }"""), 0, new()));

        Assert.Equal(FailureCodes.AgentFailed, result.Failure?.Code);
        Assert.Contains("99", result.Failure!.Message, StringComparison.Ordinal);
        Assert.Equal(3, result.Turn);
        Assert.Empty(_bench.Gateway.Requests);
    }
}
