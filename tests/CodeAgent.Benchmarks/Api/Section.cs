using CodeAgent.Benchmarks.Figures;

namespace CodeAgent.Benchmarks.Api;

/// <summary>A part of the report.</summary>
/// <param name="Text">In Markdown, beginning with its heading.</param>
/// <param name="Targets">What it was to show.</param>
internal sealed record Section(string Text, IReadOnlyList<Target> Targets);

/// <summary>How long and how much, for a whole run or a quick one.</summary>
/// <param name="IsQuick">A short look, for CI.</param>
/// <param name="Mix">How long the mix runs at its rate.</param>
/// <param name="Saturation">How long it runs as fast as it goes.</param>
/// <param name="Compared">How long each load runs on each server that is compared.</param>
/// <param name="WarmUp">How long each is warmed up.</param>
/// <param name="Watchers">How many watch.</param>
/// <param name="Idle">How long those who only wait are looked at.</param>
/// <param name="Queued">How many tasks are in the queue when it is long.</param>
internal sealed record Extent(bool IsQuick, TimeSpan Mix, TimeSpan Saturation, TimeSpan Compared, TimeSpan WarmUp, int Watchers, TimeSpan Idle, int Queued)
{
    public static Extent Of(Options options)
    {
        var quick = options.Has("--quick");
        return new(quick, Seconds(quick ? 10 : 60), Seconds(quick ? 5 : 20), Seconds(quick ? 4 : 20), Seconds(quick ? 5 : 15),
            (int)options.Number("--count", quick ? 2_000 : 10_000), Seconds(quick ? 5 : 30), (int)options.Number("--queued", quick ? 20_000 : 1_000_000));
    }

    private static TimeSpan Seconds(double seconds) => TimeSpan.FromSeconds(seconds);
}
