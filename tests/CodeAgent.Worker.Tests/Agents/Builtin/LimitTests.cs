using CodeAgent.Contracts;

namespace CodeAgent.Worker.Tests.Agents.Builtin;

public sealed class LimitTests : IAsyncLifetime
{
    private const string Priced = """{ "data": [ { "id": "other" }, { "id": "default", "pricing": { "inputPerMillion": 10000, "cachedInputPerMillion": 1000, "outputPerMillion": 100000 } } ] }""";

    private AgentBench _bench = null!;

    public async ValueTask InitializeAsync() => _bench = await AgentBench.CreateAsync();

    public ValueTask DisposeAsync() => _bench.DisposeAsync();

    [Fact]
    public async Task Turns()
    {
        _bench.Request = new() { Prompt = "x", Limits = new() { Turns = 2 } };
        Endless();

        var result = await _bench.RunAsync();

        Assert.Equal(new TaskFailure(FailureCodes.LimitReached, "Its 2 turns are used up (limits.turns)."), result.Failure);
        Assert.Equal(2, result.Turn);
        Assert.Equal(2, _bench.Gateway.Requests.Count);
    }

    [Fact]
    public async Task Tokens()
    {
        _bench.Request = new() { Prompt = "x", Limits = new() { Tokens = 300 } };
        Endless();

        var result = await _bench.RunAsync();

        Assert.Equal(new TaskFailure(FailureCodes.LimitReached, "It used 330 tokens of its 300 (limits.tokens), in 3 turns."), result.Failure);
    }

    [Fact]
    public async Task Tokens_of_earlier_attempts_count()
    {
        _bench.Request = new() { Prompt = "x", Limits = new() { Tokens = 300 } };

        var result = await _bench.RunAsync(usage: new() { InputTokens = 200, OutputTokens = 100 });

        Assert.Equal(FailureCodes.LimitReached, result.Failure?.Code);
        Assert.Empty(_bench.Gateway.Requests);
    }

    [Fact]
    public async Task Money()
    {
        _bench.Request = new() { Prompt = "x", Limits = new() { CostUsd = 3m } };
        _bench.Gateway.Models = Priced;
        Endless();

        var result = await _bench.RunAsync();

        // 60 fresh tokens for 0.60, 40 from the cache for 0.04, 10 out for 1.00: 1.64 a turn.
        Assert.Equal(new TaskFailure(FailureCodes.LimitReached, "It used 3.28 of its 3 US dollars (limits.costUsd), in 2 turns."), result.Failure);
        Assert.Equal(new Usage { InputTokens = 200, CachedInputTokens = 80, OutputTokens = 20, CostUsd = 3.28m }, result.Usage);
        Assert.Equal(1.64m, _bench.Session.Events(EventTypes.Usage)[0].GetProperty("costUsd").GetDecimal());
    }

    [Fact]
    public async Task The_price_is_that_of_the_model_that_answered()
    {
        _bench.Gateway.Models = """{ "data": [ { "id": "default", "pricing": { "inputPerMillion": 1, "outputPerMillion": 1 } }, { "id": "real-model", "pricing": { "inputPerMillion": 10000, "outputPerMillion": 0 } } ] }""";
        _bench.Gateway.Say("Done.");

        Assert.Equal(1m, (await _bench.RunAsync()).Usage.CostUsd);
        Assert.Equal("real-model", _bench.Session.Events(EventTypes.Usage).Single().GetProperty("model").GetString());
    }

    [Fact]
    public async Task No_money_at_all_is_enough_for_a_model_without_a_price()
    {
        _bench.Request = new() { Prompt = "x", Limits = new() { CostUsd = 0 } };
        _bench.Gateway.Call("list", new { }).Say("Done.");

        Assert.Equal("Done.", (await _bench.RunAsync()).Summary);
    }

    [Fact]
    public async Task A_list_of_prices_that_cannot_be_read_costs_no_turn()
    {
        _bench.Gateway.Models = "<html>";
        _bench.Gateway.Say("Done.");

        Assert.Equal("Done.", (await _bench.RunAsync()).Summary);
    }

    [Fact]
    public async Task Time_before_a_turn()
    {
        _bench.Session.Deadline = TimeProvider.System.GetUtcNow();

        var result = await _bench.RunAsync();

        Assert.Equal(FailureCodes.LimitReached, result.Failure?.Code);
        Assert.Contains("limits.minutes", result.Failure!.Message, StringComparison.Ordinal);
        Assert.Empty(_bench.Gateway.Requests);
    }

    [Fact]
    public async Task Time_in_the_middle_of_a_model_call()
    {
        _bench.Session.Deadline = TimeProvider.System.GetUtcNow().AddSeconds(1);
        _bench.Gateway.Then(context => Task.Delay(Timeout.Infinite, context.RequestAborted));

        var result = await _bench.RunAsync();

        Assert.Contains("limits.minutes", result.Failure!.Message, StringComparison.Ordinal);
        Assert.Equal(0, result.Turn);
    }

    [Fact]
    public async Task Time_in_the_middle_of_a_command()
    {
        _bench.Session.Deadline = TimeProvider.System.GetUtcNow().AddSeconds(1);
        _bench.Gateway.Call("run", new { command = "sleep 1000", seconds = 1000 });
        _bench.Commands.Answer = async (command, cancellationToken) =>
        {
            await Task.Delay(command.TimeLimit * 2, cancellationToken);
            throw new InvalidOperationException("It was not stopped.");
        };

        var result = await _bench.RunAsync();

        Assert.Contains("limits.minutes", result.Failure!.Message, StringComparison.Ordinal);
        Assert.InRange(_bench.Commands.Commands.Single().TimeLimit, TimeSpan.Zero, TimeSpan.FromSeconds(1));
    }

    private void Endless()
    {
        for (var i = 1; i < 10; i++)
        {
            _bench.Gateway.Call("list", new { depth = i });
        }
    }
}
