using CodeAgent.LlmGateway.Configuration;
using CodeAgent.LlmGateway.Routing;
using Microsoft.Extensions.Time.Testing;

namespace CodeAgent.LlmGateway.Tests.Routing;

/// <summary>A part of the requests, and a few a second, over ten seconds; no more.</summary>
public sealed class RetryBudgetTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly RetryBudget _budget;

    public RetryBudgetTests() => _budget = new(_time);

    [Theory]
    [InlineData(0, 0.2, 5, 50)]
    [InlineData(1000, 0.2, 5, 250)]
    [InlineData(1000, 0.2, 0, 200)]
    [InlineData(1000, 0, 0, 0)]
    public void So_many_are_allowed_of_so_many_requests(int requests, double share, int floor, int allowed)
    {
        for (var i = 0; i < requests; i++)
        {
            _budget.Request();
        }

        Assert.Equal(allowed, Taken(new() { Budget = share, Floor = floor }));
    }

    [Fact]
    public void After_ten_seconds_it_is_as_at_the_start()
    {
        RetriesConfig config = new() { Budget = 0.2, Floor = 1 };
        Assert.Equal(10, Taken(config));

        _time.Advance(TimeSpan.FromSeconds(9));
        Assert.Equal(0, Taken(config));

        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(10, Taken(config));
    }

    private int Taken(RetriesConfig config)
    {
        var taken = 0;
        while (_budget.TryRetry(config))
        {
            taken++;
        }

        return taken;
    }
}
