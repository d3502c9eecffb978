using System.Globalization;
using CodeAgent.Benchmarks.Contenders;
using CodeAgent.Benchmarks.Figures;
using CodeAgent.Benchmarks.Machine;

namespace CodeAgent.Benchmarks.Gateway;

/// <summary>
/// The gateway beside other proxies: all of them are started before the same mock, and take turns at each load, round by
/// round, so that whatever else the machine does falls on all of them alike.
/// </summary>
internal static class GatewayBenchmark
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);
    private const int MostWindows = 12;
    private const int LevelWindows = 3;
    private const double Faster = 1.03;
    private const string Command = "dotnet run -c Release --project tests/CodeAgent.Benchmarks -- gateway";

    public static async Task<int> RunAsync(Options options, CancellationToken stop)
    {
        Requirements.Check();
        var quick = options.Has("--quick");
        var rounds = (int)options.Number("--rounds", quick ? 1 : 3);
        var duration = TimeSpan.FromSeconds(options.Number("--seconds", quick ? 1 : 6));
        var facts = new List<string>(await MachineFacts.ReadAsync(stop));
        var (neighbours, results) = (new Neighbours(quick ? TimeSpan.Zero : Patience), new Results());

        await using var field = await Field.StartAsync(options.Text("--only")?.Split(','), stop);
        foreach (var exercise in Plan.Exercises)
        {
            await exercise.Request.SaveAsync(stop);
        }

        await WarmUpAsync(field.Contenders, duration / 2, stop);
        for (var round = 0; round < rounds; round++)
        {
            await RoundAsync(field.Contenders, round, duration, neighbours, results, stop);
            await Console.Out.WriteLineAsync($"Round {round + 1} of {rounds} is done.");
        }

        facts.Add($"{TimeProvider.System.GetUtcNow():yyyy-MM-dd}, {rounds} rounds of {duration.TotalSeconds:0.#} s for each load and contender, medians of the rounds");
        facts.Add(string.Create(CultureInfo.InvariantCulture,
            $"other programs of the machine took {100 * Statistics.Median(neighbours.Shares):0} % of its processor time in the median of the loads, and up to {100 * neighbours.Shares.Max():0} %"));
        var text = string.Join("\n", Parts(field, results, facts, await Observations.ReadAsync(field, results, stop)));
        await Console.Out.WriteLineAsync(text);
        var whole = !quick && !options.Has("--only");
        await ReportFile.WriteAsync(options.Text("--out") ?? (whole ? Places.Report : Path.Combine(Places.Work, "benchmarks.md")), "gateway", text, stop);
        return results.Errors("codeagent") == 0 ? 0 : 1;
    }

    private static async Task WarmUpAsync(IReadOnlyList<Contender> contenders, TimeSpan duration, CancellationToken stop)
    {
        foreach (var contender in contenders)
        {
            await Console.Out.WriteLineAsync($"Warming up: {contender.Title}");
            foreach (var exercise in (Exercise[])[Plan.ManySmall, Plan.ManyStreams, Plan.ManyLargePrompts, Plan.ManyPacedStreams])
            {
                await WarmUpAsync(contender, exercise, duration, stop);
            }
        }
    }

    // A just-in-time compiler begins with quick code and makes the better one meanwhile, which takes a while where the load leaves it
    // no processor: whoever is measured has got faster for as long as it could.
    private static async Task WarmUpAsync(Contender contender, Exercise exercise, TimeSpan duration, CancellationToken stop)
    {
        var (best, level) = (0.0, 0);
        for (var window = 0; window < MostWindows && level < LevelWindows; window++)
        {
            var rate = (await exercise.RunAsync(contender, duration, stop)).GetValueOrDefault(Figure.PerSecond);
            (best, level) = rate > best * Faster ? (rate, 0) : (best, level + 1);
        }
    }

    // Another one begins each time, so that nobody always runs in the wake of the same neighbour.
    private static async Task RoundAsync(IReadOnlyList<Contender> contenders, int round, TimeSpan duration, Neighbours neighbours, Results results, CancellationToken stop)
    {
        foreach (var exercise in Plan.Exercises)
        {
            for (var i = 0; i < contenders.Count; i++)
            {
                var contender = contenders[(i + round) % contenders.Count];
                results.Add(exercise, contender, await neighbours.RunAsync(() => exercise.RunAsync(contender, duration, stop), stop));
            }
        }
    }

    private static IEnumerable<string> Parts(Field field, Results results, List<string> facts, IReadOnlyList<string> observations) =>
    [
        "## The gateway beside other proxies",
        "",
        $"    {Command}",
        "",
        GatewayReport.Figures(field.Contenders, results),
        GatewayReport.Targets(results),
        .. observations.Select(line => $"* {line}"),
        "",
        "Who takes part:",
        "",
        .. field.Contenders.Select(contender => $"* **{contender.Title}**: {contender.Description}."),
        .. field.Skipped.Select(line => $"* {line}"),
        "",
        "The machine and the run:",
        "",
        .. facts.Select(fact => $"* {fact}."),
        "",
        Method,
    ];

    private const string Method = """
        How it is measured:

        * Every contender gets the same bytes by HTTP/1.1 and asks the mock by HTTP/1.1. A 100 K prompt is a conversation of 400 KB.
        * Before the first round each contender is warmed up with small, streamed and large requests at many clients, until three runs
          in a row of half a round's length (1 s at least) were at most 3 % faster than the best before, or twelve are over.
        * Latencies with one client, and requests/s: `wrk`, a request after the other on each connection. "Added" is the contender's
          percentile less the mock's own in the same round.
        * Requests/s are what the whole machine does, load tool and mock included: their share is in each contender's figure, so a ratio
          of requests/s is nearer to 1 than the ratio of what the proxies cost. The proxies' own cost is in the processor seconds.
        * Processor time (user and kernel) and peak memory (resident) are those of the contender's processes, from /proc, over the run above them.
          Redis is not in the gateway's, see its own line.
        * A small streamed answer is 32 frames that the mock sends at once, each by itself. A paced one is 40 frames, one every 5 ms; each
          says when it was sent, by the clock that the client reads too, so that a frame's delay is known exactly. The client for these
          is the benchmark's own (SocketsHttpHandler), since wrk does not look into answers.
        """;
}
