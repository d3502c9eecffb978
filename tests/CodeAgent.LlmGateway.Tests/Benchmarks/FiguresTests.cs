using CodeAgent.Benchmarks.Figures;
using CodeAgent.Benchmarks.Load;
using CodeAgent.Benchmarks.Roles;

namespace CodeAgent.LlmGateway.Tests.Benchmarks;

/// <summary>A benchmark that cannot count is worse than none.</summary>
public sealed class FiguresTests
{
    [Theory]
    [InlineData(50, 50)]
    [InlineData(99, 99)]
    [InlineData(99.5, 100)]
    [InlineData(100, 100)]
    [InlineData(0.1, 1)]
    public void A_percentile_is_a_value_that_was_measured(double percent, double expected) =>
        Assert.Equal(expected, Statistics.Percentile([.. Enumerable.Range(1, 100).Select(i => (double)i)], percent));

    [Fact]
    public void A_median_passes_over_what_was_not_measured()
    {
        Assert.Equal(2, Statistics.Median([3, double.NaN, 1, 2]));
        Assert.Equal(1.5, Statistics.Median([2, 1]));
        Assert.True(double.IsNaN(Statistics.Median([])));
    }

    [Fact]
    public void A_slope_is_not_bent_by_one_wild_value()
    {
        (double X, double Y)[] points = [.. Enumerable.Range(0, 11).Select(i => ((double)i, i == 9 ? 1000.0 : 5 + (2.0 * i)))];
        Assert.Equal(2, Statistics.Slope(points), 6);
    }

    [Fact]
    public void The_figures_of_wrk_are_read_from_its_output()
    {
        var result = WrkResult.Parse("Running 2s test\n  Requests/sec: 1.00\n\nfigures: 2000000 4000 3 1500 99000\n");
        Assert.Equal((2, 4000, 3, 1.5, 99, 2000), (result.Seconds, result.Requests, result.Errors, result.P50, result.P99, result.PerSecond));
        Assert.Throws<FormatException>(() => WrkResult.Parse("unable to connect"));
        Assert.Throws<FormatException>(() => WrkResult.Parse("figures: 1 2"));
    }

    // resource_spans { resource {}, scope_spans { scope {}, spans { 3 bytes }, spans {} } } twice, a field of another number between
    [Fact]
    public void Spans_are_counted_in_an_export()
    {
        byte[] spans = [0x0A, 0x00, 0x12, 0x09, 0x0A, 0x00, 0x12, 0x03, 1, 2, 3, 0x12, 0x00];
        byte[] resource = [0x0A, (byte)spans.Length, .. spans];
        Assert.Equal(4, SpanCount.Read([.. resource, 0x10, 0x05, .. resource]));
        Assert.Equal(0, SpanCount.Read([0x0A, 0x7F, 1, 2]));
    }
}
