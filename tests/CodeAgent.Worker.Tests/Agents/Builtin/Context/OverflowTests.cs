using CodeAgent.Contracts;

namespace CodeAgent.Worker.Tests.Agents.Builtin.Context;

public sealed class OverflowTests : IAsyncLifetime
{
    private ContextBench _bench = null!;

    public async ValueTask InitializeAsync() => _bench = await ContextBench.CreateAsync(turns: 20);

    public ValueTask DisposeAsync() => _bench.DisposeAsync();

    [Theory]
    [InlineData("context_length_exceeded", "Too long.")]
    [InlineData("invalid_request_error", "prompt is too long: 213462 tokens > 200000 maximum")]
    [InlineData("400", "The input token count (1048577) exceeds the maximum number of tokens allowed (1048576).")]
    [InlineData("", "This model's maximum context length is 32768 tokens. However, you requested 40000 tokens.")]
    [InlineData("", "the request exceeds the available context size, try increasing it")]
    public async Task A_model_that_takes_less_than_was_thought_is_asked_again_with_less(string code, string message)
    {
        await SixReadsAsync();
        _bench.Gateway.Fail(400, code, message).Say("Done.");

        var result = await _bench.RunAsync();

        Assert.Equal("Done.", result.Summary);
        Assert.Equal(7, result.Turn);
        Assert.True(ContextBench.Tokens(_bench.Requests[^1]) * 1.5 < ContextBench.Tokens(_bench.Requests[^2]));
    }

    [Fact]
    public async Task It_is_believed_once_and_not_for_ever()
    {
        await SixReadsAsync();
        for (var i = 0; i < 10; i++)
        {
            _bench.Gateway.Fail(400, "context_length_exceeded", "Your input exceeds the context window of this model.");
        }

        var result = await _bench.RunAsync();

        Assert.Equal(FailureCodes.ModelFailed, result.Failure?.Code);
        Assert.StartsWith("The conversation is too long for the model (400)", result.Failure!.Message, StringComparison.Ordinal);
        Assert.Equal(6, result.Turn);
        Assert.Equal(6 + 2, _bench.Requests.Count);
    }

    [Fact]
    public async Task The_smaller_limit_holds_from_then_on_also_after_a_restart()
    {
        await SixReadsAsync();
        _bench.Gateway.Fail(400, "context_length_exceeded", "Too long.").Call("read", new { path = "file7" });
        _bench.Gateway.Always = (context, request) => ScriptedGateway.CallAsync(context, "read", new { path = $"file{_bench.Requests.Count}" });
        await _bench.RunAsync();
        var most = ContextBench.Tokens(_bench.Requests[6]) / 2 + 500;
        Assert.All(_bench.Requests.Skip(7), request => Assert.InRange(ContextBench.Tokens(request), 1, most));

        var requests = _bench.Requests;
        _bench.Gateway.Say("Done.");
        await _bench.RunAsync(_bench.Agent.Session.Saved[9]);

        Assert.Equal(requests[11].Text, _bench.Requests[^1].Text);
    }

    [Fact]
    public async Task Another_refusal_is_not_taken_for_one_about_the_length()
    {
        _bench.Gateway.Fail(400, "invalid_request_error", "Unknown parameter: 'tools'.");

        var result = await _bench.RunAsync();

        Assert.StartsWith("The model call was refused (400)", result.Failure!.Message, StringComparison.Ordinal);
        Assert.Single(_bench.Requests);
    }

    [Fact]
    public async Task A_task_that_does_not_fit_by_itself_fails_with_a_plain_reason_and_costs_nothing()
    {
        _bench.Agent.Request = new() { Prompt = string.Concat(Enumerable.Repeat(ContextBench.Thousand, 12)) };

        var result = await _bench.RunAsync();

        Assert.Equal(FailureCodes.AgentFailed, result.Failure?.Code);
        Assert.Matches(@"^The task, the tools and the newest turn alone are about 1\d,\d{3} tokens; the model takes 12,000 beside its answer\.", result.Failure!.Message);
        Assert.Empty(_bench.Requests);
    }

    [Fact]
    public async Task A_newest_turn_that_does_not_fit_ends_the_run_with_a_plain_reason()
    {
        await _bench.Agent.Workspace.WriteAsync("huge", string.Concat(Enumerable.Repeat(ContextBench.Thousand, 12)));
        _bench.Gateway.Call("list", new { }).Call("read", new { path = "huge" });

        var result = await _bench.RunAsync();

        Assert.Equal(FailureCodes.AgentFailed, result.Failure?.Code);
        Assert.Equal(2, result.Turn);
        Assert.Equal(2, _bench.Requests.Count(request => !ContextBench.AsksForSummary(request)));
        Assert.InRange(_bench.Summaries.Count, 0, 1);
    }

    private async Task SixReadsAsync()
    {
        for (var i = 1; i <= 20; i++)
        {
            await _bench.Agent.Workspace.WriteAsync($"file{i}", ContextBench.Thousand);
        }

        for (var i = 1; i <= 6; i++)
        {
            _bench.Gateway.Call("read", new { path = $"file{i}" });
        }
    }
}
