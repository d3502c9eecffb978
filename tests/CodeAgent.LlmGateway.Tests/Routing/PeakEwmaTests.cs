using CodeAgent.LlmGateway.Routing;
using Microsoft.Extensions.Time.Testing;

namespace CodeAgent.LlmGateway.Tests.Routing;

/// <summary>The measure jumps up, comes down slowly, and grows with what is under way.</summary>
public sealed class PeakEwmaTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly PeakEwma _load;

    public PeakEwmaTests() => _load = new(_time);

    [Fact]
    public void One_that_was_never_asked_is_tried_first_and_not_by_everybody_at_once()
    {
        Assert.Equal(0, _load.Load());

        _load.Begin();

        Assert.True(_load.Load() > 60_000);
    }

    [Fact]
    public void A_peak_counts_at_once_and_is_forgotten_by_the_decay()
    {
        _load.Observe(TimeSpan.FromMilliseconds(100));
        _load.Observe(TimeSpan.FromMilliseconds(900));
        Assert.Equal(900, _load.Load(), 0.001);

        _time.Advance(TimeSpan.FromSeconds(10));

        Assert.Equal(900 / Math.E, _load.Load(), 0.001);
    }

    [Fact]
    public void A_lower_value_counts_for_as_much_as_time_has_passed()
    {
        _load.Observe(TimeSpan.FromMilliseconds(900));
        _load.Observe(TimeSpan.FromMilliseconds(100));
        Assert.Equal(900, _load.Load(), 0.001);

        _time.Advance(TimeSpan.FromSeconds(10));
        _load.Observe(TimeSpan.FromMilliseconds(100));

        Assert.Equal((900 / Math.E) + (100 * (1 - (1 / Math.E))), _load.Load(), 0.001);
    }

    [Fact]
    public void Each_request_under_way_costs_as_much_again()
    {
        _load.Observe(TimeSpan.FromMilliseconds(100));
        _load.Begin();
        _load.Begin();
        Assert.Equal(300, _load.Load(), 0.001);

        _load.End();

        Assert.Equal(200, _load.Load(), 0.001);
    }
}
