using CodeAgent.Contracts;
using CodeAgent.Worker.Processes;

namespace CodeAgent.Worker.Tests.Agents.Builtin;

public sealed class CirclesTests : IAsyncLifetime
{
    private AgentBench _bench = null!;

    public async ValueTask InitializeAsync() => _bench = await AgentBench.CreateAsync();

    public ValueTask DisposeAsync() => _bench.DisposeAsync();

    [Fact]
    public async Task The_same_call_with_the_same_result_is_told_and_then_ends_the_run()
    {
        Repeat(10, i => ("list", new { }));

        var result = await _bench.RunAsync();

        Assert.Equal(FailureCodes.Stuck, result.Failure?.Code);
        Assert.Contains("list {}", result.Failure!.Message, StringComparison.Ordinal);
        Assert.Equal(6, result.Turn);
        Assert.Equal("user", _bench.Gateway.Requests.ElementAt(4).Roles[^1]);
        Assert.Contains("circles", _bench.Gateway.Requests.ElementAt(4).Message(^1), StringComparison.Ordinal);
        Assert.Equal("tool", _bench.Gateway.Requests.ElementAt(3).Roles[^1]);
        Assert.Equal("tool", _bench.Gateway.Requests.ElementAt(5).Roles[^1]);
    }

    [Fact]
    public async Task The_same_call_with_another_result_is_work()
    {
        var count = 0;
        _bench.Commands.Answer = (_, _) => Task.FromResult(new CommandResult(0, $"{count++}", false, TimeSpan.Zero));
        Repeat(8, _ => ("run", new { command = "make" }));
        _bench.Gateway.Say("Done.");

        Assert.Equal("Done.", (await _bench.RunAsync()).Summary);
    }

    [Fact]
    public async Task Two_calls_in_turn_are_told_and_then_end_the_run()
    {
        await _bench.Workspace.WriteAsync("a", "a");
        Repeat(12, i => i % 2 == 0 ? ("list", new { }) : ("read", new { path = "a" }));

        var result = await _bench.RunAsync();

        Assert.Equal(FailureCodes.Stuck, result.Failure?.Code);
        Assert.Equal(8, result.Turn);
        Assert.Contains("circles", _bench.Gateway.Requests.ElementAt(6).Message(^1), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_same_error_three_times_is_told()
    {
        Repeat(3, i => ("edit", new { path = "none", old = $"{i}", @new = "" }));
        _bench.Gateway.Say("Done.");

        Assert.Equal("Done.", (await _bench.RunAsync()).Summary);
        Assert.Contains("There is no file 'none'", _bench.Gateway.Requests.Last().Message(^1), StringComparison.Ordinal);
        Assert.Equal("user", _bench.Gateway.Requests.Last().Roles[^1]);
    }

    [Fact]
    public async Task The_same_error_over_and_over_after_being_told_ends_the_run()
    {
        Repeat(10, i => ("edit", new { path = "none", old = $"{i}", @new = "" }));

        var result = await _bench.RunAsync();

        Assert.Equal(FailureCodes.Stuck, result.Failure?.Code);
        Assert.Contains("the same error of the tool edit", result.Failure!.Message, StringComparison.Ordinal);
        Assert.Equal(5, result.Turn);
    }

    [Theory]
    [InlineData(3)]
    [InlineData(4)]
    public async Task Three_times_the_same_is_work_and_four_times_is_told(int times)
    {
        Repeat(times, _ => ("list", new { }));
        _bench.Gateway.Say("Done.");

        await _bench.RunAsync();

        Assert.Equal(times == 4, _bench.Gateway.Requests.Last().Roles[^1] == "user");
    }

    [Theory]
    [InlineData(5)]
    [InlineData(6)]
    public async Task Five_calls_in_turn_are_work_and_six_are_told(int times)
    {
        await _bench.Workspace.WriteAsync("a", "a");
        Repeat(times, i => i % 2 == 0 ? ("list", new { }) : ("read", new { path = "a" }));
        _bench.Gateway.Say("Done.");

        await _bench.RunAsync();

        Assert.Equal(times == 6, _bench.Gateway.Requests.Last().Roles[^1] == "user");
    }

    [Fact]
    public async Task Who_does_something_else_after_being_told_has_a_new_chance()
    {
        Repeat(4, _ => ("list", new { }));
        Repeat(1, _ => ("list", new { depth = 2 }));
        Repeat(3, _ => ("list", new { }));
        _bench.Gateway.Say("Done.");

        Assert.Equal("Done.", (await _bench.RunAsync()).Summary);
    }

    [Fact]
    public async Task A_restart_does_not_make_it_forget()
    {
        Repeat(5, _ => ("list", new { }));
        await _bench.RunAsync();

        Repeat(1, _ => ("list", new { }));
        var result = await _bench.RunAsync(_bench.Session.Saved[4]);

        Assert.Equal(FailureCodes.Stuck, result.Failure?.Code);
        Assert.Equal(6, result.Turn);
    }

    [Fact]
    public async Task A_restart_does_not_make_it_take_the_same_arguments_for_others()
    {
        Repeat(3, _ => ("list", new { path = ".", depth = 1 }));
        await _bench.RunAsync();

        Repeat(1, _ => ("list", new { path = ".", depth = 1 }));
        _bench.Gateway.Say("Done.");
        await _bench.RunAsync(_bench.Session.Saved[2]);

        Assert.Contains("circles", _bench.Gateway.Requests.Last().Message(^1), StringComparison.Ordinal);
    }

    private void Repeat(int times, Func<int, (string Tool, object With)> call)
    {
        for (var i = 0; i < times; i++)
        {
            _bench.Gateway.Calls(call(i));
        }
    }
}
