using System.Text.Json;
using System.Text.Json.Nodes;
using CodeAgent.Contracts;

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
