using System.Globalization;
using CodeAgent.Benchmarks.Figures;

namespace CodeAgent.Benchmarks.Machine;

/// <summary>Looks at a process again and again while it is under load: does it grow?</summary>
/// <param name="minutes">How long it is under load.</param>
internal sealed class Growth(double minutes)
{
    private const double WarmUp = 0.2;
    private const double Flat = 0.05;
    private static readonly TimeSpan Span = TimeSpan.FromMinutes(30);
    private static readonly TimeSpan LeastToJudge = TimeSpan.FromMinutes(10);
    private readonly List<(double Minute, ProcessTree.Usage Usage)> _samples = [];
    private readonly List<(double Minute, double Megabytes)> _heap = [];

    /// <summary>Whether it ran long enough to be judged.</summary>
    public bool IsJudged => minutes >= LeastToJudge.TotalMinutes;

    /// <summary>Whether memory grows, where that is judged.</summary>
    public bool Grows => IsJudged && Slope(usage => usage.Megabytes) > Flat * Statistics.Median(Settled.Select(sample => sample.Usage.Megabytes));

    public string Verdict => $"Memory {(!IsJudged ? "is not judged in so short a run" : Grows ? "**grows**" : "is flat: it grows by less than 5 %")}.";

    // What is allocated once comes early; growth is what goes on after that.
    private IEnumerable<(double Minute, ProcessTree.Usage Usage)> Settled => _samples.Where(sample => sample.Minute >= minutes * WarmUp);

    /// <summary>Looks until the time is up, and prints what it sees now and then.</summary>
    /// <param name="tree">What it looks at.</param>
    /// <param name="done">What was asked so far, for what is printed.</param>
    /// <param name="end">When the time is up.</param>
    /// <param name="heap">What the managed heap holds after a full collection, asked every tenth of the time; null where it can't be had.</param>
    public async Task WatchAsync(ProcessTree tree, Func<string> done, CancellationToken end, Func<CancellationToken, Task<double?>>? heap = null)
    {
        var begun = TimeProvider.System.GetTimestamp();
        using var ticks = new PeriodicTimer(TimeSpan.FromSeconds(Math.Clamp(minutes * 60 / 120, 1, 15)));
        try
        {
            while (await ticks.WaitForNextTickAsync(end))
            {
                var (minute, usage) = (TimeProvider.System.GetElapsedTime(begun).TotalMinutes, await tree.ReadAsync());
                _samples.Add((minute, usage));
                if (_samples.Count % 10 == 0)
                {
                    await Console.Out.WriteLineAsync(string.Create(CultureInfo.InvariantCulture,
                        $"{minute,5:0.0} min  {usage.Megabytes,6:0} MB  {usage.Handles,4} handles  {usage.Threads,3} threads  {done()}"));
                    if (heap is not null && await heap(end) is { } left)
                    {
                        _heap.Add((minute, left));
                    }
                }
            }
        }
        catch (OperationCanceledException) when (end.IsCancellationRequested)
        {
            // The time is up.
        }
    }

    public override string ToString()
    {
        var table = new Table("after the first fifth", "median", "least", "most", $"slope in {Span.TotalMinutes:0} min");
        Add("memory, MB", [.. Settled.Select(sample => (sample.Minute, sample.Usage.Megabytes))]);
        if (_heap.Where(sample => sample.Minute >= minutes * WarmUp).ToList() is { Count: > 0 } heap)
        {
            Add("managed heap after a full collection, MB", heap);
        }

        Add("handles", [.. Settled.Select(sample => (sample.Minute, (double)sample.Usage.Handles))]);
        Add("threads", [.. Settled.Select(sample => (sample.Minute, (double)sample.Usage.Threads))]);
        return table.ToString();

        void Add(string title, List<(double Minute, double Value)> values) => table.Add(title,
            Text(Statistics.Median(values.Select(value => value.Value))), Text(values.Min(value => value.Value)), Text(values.Max(value => value.Value)),
            (Statistics.Slope(values) * Span.TotalMinutes).ToString("+0.0;-0.0;0", CultureInfo.InvariantCulture));

        static string Text(double value) => value.ToString("0", CultureInfo.InvariantCulture);
    }

    private double Slope(Func<ProcessTree.Usage, double> of) => Statistics.Slope([.. Settled.Select(sample => (sample.Minute, of(sample.Usage)))]) * Span.TotalMinutes;
}
