using System.Text.Json;
using System.Text.Json.Nodes;
using CodeAgent.Contracts;
using CodeAgent.Worker.Processes;
using CodeAgent.Worker.Tests.Agents.Builtin.Context;

namespace CodeAgent.Worker.Tests.Agents.Builtin;

public sealed class ResumeTests : IAsyncLifetime
{
    private AgentBench _bench = null!;

    public async ValueTask InitializeAsync() => _bench = await AgentBench.CreateAsync();

    public ValueTask DisposeAsync() => _bench.DisposeAsync();

    [Fact]
    public async Task The_next_turn_after_a_restart_is_the_same_request_byte_for_byte()
    {
        // Whatever a model can put into arguments: escapes, numbers in odd forms, nesting, what is not ASCII.
        _bench.Gateway
            .Calls(("write", new { path = "a.txt", content = "\"<a>&'\u00e9\u4e2d\ud83d\ude00\\\n\t" }), ("list", """{"depth": 1, "path": "\u002e"}"""))
            .Calls(("plan", """{"items":[{"text":"one\/two","done":true},{"done":false,"text":"<b>"}]}"""), ("read", "{ not json"), ("run", """{"seconds":1e1,"command":"x"}"""))
            .Say("Done.");
        var whole = await _bench.RunAsync();
        var third = _bench.Gateway.Requests.ElementAt(2);

        _bench.Gateway.Say("Done.");
        var resumed = await _bench.RunAsync(_bench.Session.Saved[1]);

        var again = _bench.Gateway.Requests.Skip(3).Single();
        Assert.Equal(third.Text, again.Text);
        Assert.Equal(third.Key, again.Key);
        Assert.Equal(whole.Summary, resumed.Summary);
        Assert.Equal(3, resumed.Turn);
        Assert.Equal(whole.Usage, resumed.Usage);
    }

    [Fact]
    public async Task Every_turn_can_be_gone_on_from()
    {
        _bench.Gateway.Call("list", new { }).Say("").Call("nothing", new { a = 1 }).Call("finish", new { summary = "Done." });
        await _bench.RunAsync();
        var requests = _bench.Gateway.Requests.ToList();

        foreach (var saved in _bench.Session.Saved.SkipLast(1).ToList())
        {
            _bench.Gateway.Say("Done.");
            await _bench.RunAsync(saved);
            Assert.Equal(requests[saved.Turn].Text, _bench.Gateway.Requests.Last().Text);
        }
    }

    [Fact]
    public async Task A_run_that_was_done_is_done_without_asking()
    {
        _bench.Gateway.Call("finish", new { summary = "Done." });
        await _bench.RunAsync();

        var resumed = await _bench.RunAsync(_bench.Session.Saved.Single());

        Assert.Equal("Done.", resumed.Summary);
        Assert.Equal(1, resumed.Turn);
        Assert.Single(_bench.Gateway.Requests);
    }

    [Fact]
    public async Task A_check_that_failed_goes_back_to_the_agent()
    {
        _bench.Gateway.Call("finish", new { summary = "Done." });
        var first = await _bench.RunAsync();

        _bench.Gateway.Say("Repaired.");
        var second = await _bench.RunAsync(new(first.Turn, first.State!.Value, first.MessagesSeen, first.Usage), feedback: "make test: exit code 2");

        Assert.Equal("Repaired.", second.Summary);
        Assert.Equal(2, second.Turn);
        var request = _bench.Gateway.Requests.Last();
        Assert.Equal($"{AgentBench.TaskId}:1:2", request.Key);
        Assert.Equal(["system", "user", "assistant", "tool", "user"], request.Roles);
        Assert.Equal("make test: exit code 2", request.Message(^1));
    }

    // A crash in mid-tool must not leave a call without its result, which providers refuse in every later turn (software-agent-sdk#4487).
    [Fact]
    public async Task A_crash_in_the_middle_of_a_tool_is_gone_on_from_with_every_call_answered()
    {
        using var crash = new CancellationTokenSource();
        _bench.Gateway.Call("list", new { }).Calls(("read", new { path = "a" }), ("run", new { command = "make" }));
        _bench.Commands.Answer = async (_, cancellationToken) =>
        {
            await crash.CancelAsync();
            await Task.Delay(Timeout.Infinite, cancellationToken);
            throw new InvalidOperationException("It was not stopped.");
        };
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _bench.RunAsync(cancellationToken: crash.Token));

        // The gateway answers the turn that it answered before from its record.
        _bench.Commands.Answer = (_, _) => Task.FromResult(new CommandResult(0, "made", TimedOut: false, TimeSpan.Zero));
        _bench.Gateway.Calls(("read", new { path = "a" }), ("run", new { command = "make" })).Say("Done.");
        var result = await _bench.RunAsync(_bench.Session.Saved.Single());

        var requests = _bench.Gateway.Requests.ToList();
        Assert.Equal("Done.", result.Summary);
        Assert.Equal((requests[1].Key, requests[1].Text), (requests[2].Key, requests[2].Text));
        Assert.Equal(["system", "user", "assistant", "tool", "assistant", "tool", "tool"], requests[3].Roles);
        Assert.Equal("Exit code 0.\nmade", requests[3].Message(^1));
    }

    [Fact]
    public async Task The_plan_is_shown_as_it_stands_and_survives_a_restart()
    {
        _bench.Gateway
            .Call("plan", new { items = new[] { new { text = "look", done = false }, new { text = "act", done = false } } })
            .Call("plan", new { items = new[] { new { text = "look", done = true }, new { text = "act", done = false } } })
            .Say("Done.");
        await _bench.RunAsync();

        _bench.Gateway.Say("Done.");
        await _bench.RunAsync(_bench.Session.Saved[1]);

        Assert.Equal("[x] look\n[ ] act\n", _bench.Gateway.Requests.Last().Message(^1));
        var shown = _bench.Session.Events(EventTypes.Plan);
        Assert.Equal(2, shown.Count);
        Assert.Equal("""{"items":[{"text":"look","done":true},{"text":"act","done":false}]}""", shown[^1].GetRawText());
    }

    [Fact]
    public async Task Each_request_begins_with_the_whole_of_the_one_before_whatever_came_in_between()
    {
        _bench.Gateway
            .Then(context => ScriptedGateway.StreamAsync(context,
            [
                new { reasoning_content = "Hm." }, new { content = "Looking." },
                new { tool_calls = new[] { new { index = 0, id = "c1", type = "function", function = new { name = "list", arguments = "{}" } } } },
            ], "tool_calls", usage: null))
            .Say("")
            .Calls(("read", "{ not json"), ("nothing", new { }), ("list", new { depth = 2 }))
            .Call("list", new { depth = 2 }).Call("list", new { depth = 2 }).Call("list", new { depth = 2 })
            .Call("finish", new { summary = "Done." });
        _bench.Session.OnCheckpoint = saved => _bench.Session.Messages.AddRange(saved.Turn == 3 ? [new(1, "Also this.")] : []);
        var first = await _bench.RunAsync();
        _bench.Gateway.Say("Repaired.");
        await _bench.RunAsync(new(first.Turn, first.State!.Value, first.MessagesSeen, first.Usage), feedback: "make test: exit code 2");

        var requests = _bench.Gateway.Requests.ToList();
        Assert.Equal(8, requests.Count);
        Assert.All(requests.Zip(requests.Skip(1)), pair => Assert.True(ContextBench.GoesOnFrom(pair.First, pair.Second), $"turn {pair.Second.Key}"));
        Assert.Contains(requests, request => request.Message(^1).Contains("circles", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_call_without_its_result_is_repaired()
    {
        _bench.Gateway.Calls(("list", new { }), ("list", new { depth = 2 }));
        await _bench.RunAsync();
        var state = JsonSerializer.SerializeToNode(_bench.Session.Saved.Single().State)!;
        state["entries"]!.AsArray()[2]!["results"]!.AsArray().RemoveAt(1);
        var noResults = state.DeepClone();
        noResults["entries"]!.AsArray().RemoveAt(2);

        foreach (var broken in new JsonNode[] { state, noResults })
        {
            _bench.Gateway.Say("Done.");
            var result = await _bench.RunAsync(new(1, JsonSerializer.SerializeToElement(broken), 0, new Usage()));

            Assert.Null(result.Failure);
            Assert.Equal(["system", "user", "assistant", "tool", "tool"], _bench.Gateway.Requests.Last().Roles);
            Assert.Contains("worker was lost", _bench.Gateway.Requests.Last().Message(^1), StringComparison.Ordinal);
        }
    }
}
