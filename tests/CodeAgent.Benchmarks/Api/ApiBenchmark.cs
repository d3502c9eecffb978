using System.Globalization;
using CodeAgent.Benchmarks.Api.Watching;
using CodeAgent.Benchmarks.Figures;
using CodeAgent.Benchmarks.Machine;

namespace CodeAgent.Benchmarks.Api;

/// <summary>The Api under load: the mix, watchers, and beside servers in Python.</summary>
internal static class ApiBenchmark
{
    private const string Command = "dotnet run -c Release --project tests/CodeAgent.Benchmarks -- api";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private static readonly (string Name, Func<Extent, Neighbours, CancellationToken, Task<Section>> Run)[] Sections =
    [
        ("mix", MixSection.RunAsync),
        ("watchers", (extent, _, stop) => WatchersSection.RunAsync(extent, stop)),
        ("queue", (extent, _, stop) => QueueSection.RunAsync(extent, stop)),
        ("beside", ComparisonSection.RunAsync),
        ("artillery", (extent, _, stop) => ArtillerySection.RunAsync(extent, stop)),
    ];

    public static Task<int> RunAsync(Options options, CancellationToken stop) => RunAsync(options, options.Text("--only")?.Split(','), stop);

    /// <summary>The watchers alone.</summary>
    public static Task<int> WatchersAsync(Options options, CancellationToken stop) => RunAsync(options, ["watchers"], stop);

    private static async Task<int> RunAsync(Options options, string[]? only, CancellationToken stop)
    {
        Gateway.Requirements.Check();
        var extent = Extent.Of(options);
        var neighbours = new Neighbours(extent.IsQuick ? TimeSpan.Zero : Patience);
        List<string> facts = [.. await MachineFacts.ReadAsync(stop)];
        List<Section> sections = [];
        foreach (var (_, run) in Sections.Where(section => only is null || only.Contains(section.Name)))
        {
            sections.Add(await run(extent, neighbours, stop));
            await Console.Out.WriteLineAsync(sections[^1].Text);
        }

        Target[] targets = [.. sections.SelectMany(section => section.Targets)];
        facts.Add(string.Create(CultureInfo.InvariantCulture, $"{TimeProvider.System.GetUtcNow():yyyy-MM-dd}{(extent.IsQuick ? ", a quick run, which says little" : "")}"));
        if (neighbours.Shares.Count > 0)
        {
            facts.Add(string.Create(CultureInfo.InvariantCulture,
                $"other programs of the machine took {100 * Statistics.Median(neighbours.Shares):0} % of its processor time in the median of the loads, and up to {100 * neighbours.Shares.Max():0} %"));
        }

        var text = string.Join("\n", (string[])["## The Api under load", "", $"    {Command}", "", Target.ToTable(targets), .. sections.Select(section => section.Text),
            "The machine and the run:", "", .. facts.Select(fact => $"* {fact}."), "", Method]);
        await Console.Out.WriteLineAsync(Target.ToTable(targets));
        await ReportFile.WriteAsync(options.Text("--out") ?? (extent.IsQuick || only is not null ? Path.Combine(Places.Work, "benchmarks.md") : Places.Report), "api", text, stop);
        return targets.All(target => extent.IsQuick ? !target.IsFarOff : target.IsReached) ? 0 : 1;
    }

    private const string Method = """
        How it is measured:

        * At a rate: by the benchmark's own generator, an open loop. Each request has its time beforehand, with random gaps (Poisson),
          begins then whatever became of those before it, and is measured from that time, not from when it was sent. `wrk` has no rate, and
          the rate of `h2load` waits for answers: when a server stands still, such tools ask it less, and the requests that would have
          waited are missing from their percentiles (coordinated omission).
        * As fast as it goes: by `wrk`, a request after the other on each connection.
        * Processor time (user and kernel) and peak memory (resident) are those of each server's processes, from /proc.
        """;
}
