using CodeAgent.LlmGateway.Routing;

namespace CodeAgent.LlmGateway.Tests.Routing;

/// <summary>What is slow for a deployment is known from its last answers, and only from enough of them.</summary>
public sealed class FirstTokenTimesTests
{
    private readonly FirstTokenTimes _times = new();

    [Fact]
    public void Too_few_say_nothing()
    {
        Add(1, 19);
        Assert.Null(_times.Percentile(95));

        Add(20, 20);
        Assert.Equal(TimeSpan.FromMilliseconds(19), _times.Percentile(95));
    }

    [Fact]
    public void Only_the_last_256_count()
    {
        Add(10_001, 10_100);
        Add(1, 256);

        Assert.Equal(TimeSpan.FromMilliseconds(256), _times.Percentile(100));
        Assert.Equal(TimeSpan.FromMilliseconds(128), _times.Percentile(50));
    }

    private void Add(int from, int to)
    {
        for (var ms = from; ms <= to; ms++)
        {
            _times.Add(TimeSpan.FromMilliseconds(ms));
        }
    }
}
