using CodeAgent.Contracts;

namespace CodeAgent.Worker.Tests.Agents.Builtin.Context;

public sealed class SummaryTests : IAsyncLifetime
{
    private ContextBench _bench = null!;

    public async ValueTask InitializeAsync() => _bench = await ContextBench.CreateAsync(turns: 20);

    public ValueTask DisposeAsync() => _bench.DisposeAsync();

    [Fact]
    public async Task What_no_elision_makes_shorter_is_summarized_and_the_summary_stands_in_its_place()
    {
        _bench.Writes("All files up to five are written.");

        await _bench.RunAsync();

        Assert.NotEmpty(_bench.Summaries);
        var at = _bench.Requests.ToList().FindIndex(ContextBench.AsksForSummary);
        var next = _bench.Requests[at + 1];
        Assert.Equal("Do it.", next.Message(1));
        Assert.Equal("[Older turns are left out here to make room. Your own summary of them:]\n\nAll files up to five are written.", next.Message(2));
        Assert.Equal("tool", next.Roles[^1]);
        Assert.InRange(next.Roles.Length, 5, 8);
    }

    [Fact]
    public async Task A_summary_is_a_turn_of_its_own_in_record_usage_and_checkpoint()
    {
        _bench.Writes("Written.");

        var result = await _bench.RunAsync();

        var keys = _bench.Requests.Select(request => request.Key).ToList();
        Assert.Equal(keys.Count, keys.Distinct().Count());
        Assert.Equal([.. Enumerable.Range(1, 20).Select(turn => $"{AgentBench.TaskId}:1:{turn}")], keys);
        Assert.Equal(20 * 110, result.Usage.InputTokens + result.Usage.OutputTokens);
        Assert.Equal(20, _bench.Agent.Session.Saved.Count);
        Assert.Contains(_bench.Agent.Session.Events(EventTypes.AgentMessage), e => e.GetProperty("text").GetString() == "Written.");
    }

    [Fact]
    public async Task A_summary_is_not_made_again_after_a_restart_and_the_next_request_is_the_same()
    {
        _bench.Writes("Written.");
        await _bench.RunAsync();
        var requests = _bench.Requests;

        foreach (var saved in _bench.Agent.Session.Saved.SkipLast(1).ToList())
        {
            _bench.Gateway.Say("Done.");
            _bench.Agent.Request = new() { Prompt = "Do it.", Limits = new() { Turns = saved.Turn + 1 } };
            await _bench.RunAsync(saved);
            Assert.Equal(requests[saved.Turn].Text, _bench.Requests[^1].Text);
            Assert.Equal(requests[saved.Turn].Key, _bench.Requests[^1].Key);
        }
    }

    [Fact]
    public async Task What_people_said_and_the_plan_are_kept_word_for_word()
    {
        _bench.Writes("Written.");
        _bench.Gateway.Call("plan", new { items = new[] { new { text = "write it", done = true }, new { text = "test it", done = false } } });
        _bench.Agent.Session.OnCheckpoint = saved => _bench.Agent.Session.Messages.AddRange(saved.Turn == 2 ? [new(1, "Mind the gap.")] : []);

        await _bench.RunAsync();

        var last = _bench.Requests[^1];
        Assert.InRange(_bench.Summaries.Count, 1, 2);
        Assert.Equal("Mind the gap.", last.Message(2));
        Assert.EndsWith("[The plan as it stood:]\n[x] write it\n[ ] test it", last.Message(3), StringComparison.Ordinal);
    }

    // A conversation that no summary makes shorter must not be summarized over and over (OpenHands#8630, #10873).
    [Fact]
    public async Task A_summary_that_does_not_help_is_not_made_again_and_again()
    {
        _bench.Writes(string.Concat(Enumerable.Repeat(ContextBench.Thousand, 5)));

        var result = await _bench.RunAsync();

        Assert.Equal(FailureCodes.LimitReached, result.Failure?.Code);
        Assert.InRange(_bench.Summaries.Count, 1, 2);
        Assert.All(_bench.Requests, request => Assert.InRange(ContextBench.Tokens(request), 1, ContextBench.Limit));
        Assert.True(_bench.Requests.Zip(_bench.Requests.Skip(1)).All(pair => !ContextBench.AsksForSummary(pair.First) || !ContextBench.AsksForSummary(pair.Second)));
    }

    [Fact]
    public async Task A_model_that_gives_no_summary_loses_the_older_turns_and_goes_on()
    {
        _bench.Writes("");

        var result = await _bench.RunAsync();

        Assert.Equal(FailureCodes.LimitReached, result.Failure?.Code);
        Assert.Contains("[Older turns are left out here to make room.]", _bench.Requests[^1].Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_summary_that_the_model_finds_too_long_to_make_is_gone_on_without()
    {
        _bench.Writes("Written.");
        var always = _bench.Gateway.Always!;
        _bench.Gateway.Always = async (context, request) =>
        {
            if (ContextBench.AsksForSummary(request))
            {
                context.Response.StatusCode = 400;
                await Microsoft.AspNetCore.Http.HttpResponseJsonExtensions.WriteAsJsonAsync(context.Response, new { error = new { code = "context_length_exceeded", message = "Too long." } });
                return;
            }

            await always(context, request);
        };

        var result = await _bench.RunAsync();

        Assert.Equal(FailureCodes.LimitReached, result.Failure?.Code);
        Assert.InRange(_bench.Summaries.Count, 1, 2);
        Assert.Equal(20, result.Turn);
    }
}
