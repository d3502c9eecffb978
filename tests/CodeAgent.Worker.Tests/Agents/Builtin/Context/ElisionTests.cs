using CodeAgent.Contracts;

namespace CodeAgent.Worker.Tests.Agents.Builtin.Context;

public sealed class ElisionTests : IAsyncLifetime
{
    private ContextBench _bench = null!;

    public async ValueTask InitializeAsync() => _bench = await ContextBench.CreateAsync();

    public ValueTask DisposeAsync() => _bench.DisposeAsync();

    [Fact]
    public async Task Old_results_are_left_out_with_a_note_and_the_newest_stay()
    {
        await _bench.ReadsAsync();

        await _bench.RunAsync();

        var last = _bench.Requests[^1];
        Assert.Equal("[The 5,892 characters that read answered are left out to make room. Call it again if you need them.]", last.Message(3));
        Assert.Contains("quick brown fox", last.Message(^1), StringComparison.Ordinal);
        Assert.Empty(_bench.Summaries);
    }

    [Fact]
    public async Task No_request_is_longer_than_the_model_takes()
    {
        await _bench.ReadsAsync();

        await _bench.RunAsync();

        Assert.Equal(30, _bench.Requests.Count);
        Assert.All(_bench.Requests, request => Assert.InRange(ContextBench.Tokens(request), 1, ContextBench.Limit));
    }

    [Fact]
    public async Task Room_is_made_in_steps_so_that_most_requests_go_on_from_the_one_before()
    {
        await _bench.ReadsAsync();

        await _bench.RunAsync();

        var requests = _bench.Requests;
        var anew = requests.Zip(requests.Skip(1)).Count(pair => !ContextBench.GoesOnFrom(pair.First, pair.Second));
        Assert.InRange(anew, 2, 10);
    }

    [Fact]
    public async Task A_conversation_with_room_is_never_touched()
    {
        _bench.Gateway.Models = """{ "data": [ { "id": "default", "contextWindow": 1000000 } ] }""";
        await _bench.ReadsAsync();

        await _bench.RunAsync();

        Assert.All(_bench.Requests.Zip(_bench.Requests.Skip(1)), pair => Assert.True(ContextBench.GoesOnFrom(pair.First, pair.Second)));
    }

    [Fact]
    public async Task What_was_left_out_is_the_same_after_a_restart_at_any_turn()
    {
        await _bench.ReadsAsync();
        await _bench.RunAsync();
        var requests = _bench.Requests;

        // The list of models is another one by then: what was decided once stays.
        _bench.Gateway.Models = "{}";
        foreach (var saved in _bench.Agent.Session.Saved.SkipLast(1).ToList())
        {
            _bench.Gateway.Say("Done.");
            _bench.Agent.Request.Limits.Turns = saved.Turn + 1;
            await _bench.RunAsync(saved);
            Assert.Equal(requests[saved.Turn].Text, _bench.Requests[^1].Text);
        }
    }

    [Fact]
    public async Task Circles_are_noticed_although_the_answers_are_left_out()
    {
        await _bench.Agent.Workspace.WriteAsync("large", string.Concat(Enumerable.Repeat(ContextBench.Thousand, 4)));
        _bench.Gateway.Always = (context, _) => ScriptedGateway.CallAsync(context, "read", new { path = "large" });

        var result = await _bench.RunAsync();

        Assert.Equal(FailureCodes.Stuck, result.Failure?.Code);
        Assert.Equal(6, result.Turn);
        Assert.Contains("left out to make room", _bench.Requests[^1].Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_model_that_counts_more_tokens_than_we_do_is_sent_less()
    {
        await _bench.ReadsAsync();
        _bench.Gateway.Always = (context, request) => ScriptedGateway.StreamAsync(context,
            [new { tool_calls = new[] { new { index = 0, id = "", type = "function", function = new { name = "read", arguments = $$"""{"path":"file{{_bench.Requests.Count}}"}""" } } } }],
            "tool_calls", new { prompt_tokens = ContextBench.Tokens(request) * 2, completion_tokens = 1, total_tokens = 1 });

        await _bench.RunAsync();

        Assert.All(_bench.Requests, request => Assert.InRange(ContextBench.Tokens(request), 1, ContextBench.Limit * 2 / 3));
    }
}
