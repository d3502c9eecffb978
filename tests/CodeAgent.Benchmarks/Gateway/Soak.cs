using System.Globalization;
using CodeAgent.Benchmarks.Contenders;
using CodeAgent.Benchmarks.Figures;
using CodeAgent.Benchmarks.Machine;

namespace CodeAgent.Benchmarks.Gateway;

/// <summary>The gateway under mixed load for a long time: does it grow?</summary>
internal static class Soak
{
    private const int Clients = 16;
    private const double WarmUp = 0.2;
    private static readonly TimeSpan Span = TimeSpan.FromMinutes(30);
    private static readonly TimeSpan LeastToJudge = TimeSpan.FromMinutes(10);

    public static async Task<int> RunAsync(Options options, CancellationToken stop)
    {
        Requirements.Check();
        var minutes = options.Number("--minutes", Span.TotalMinutes);
        var facts = await MachineFacts.ReadAsync(stop);
        await using var field = await Field.StartAsync(["codeagent"], stop);
        var ours = field.Ours!;

        using var end = CancellationTokenSource.CreateLinkedTokenSource(stop);
        end.CancelAfter(TimeSpan.FromMinutes(minutes));
        using var load = new MixedLoad(ours);
        var clients = load.RunAsync(Clients, end.Token);
        var samples = await SampleAsync(ours, load, TimeSpan.FromMinutes(minutes), end.Token);
        await clients;
        stop.ThrowIfCancellationRequested();

        var (asked, left) = await field.Mock.StatsAsync(stop);
        var text = string.Join("\n", Parts(minutes, load, samples, (asked, left), facts));
        await Console.Out.WriteLineAsync(text);
        var judged = minutes >= LeastToJudge.TotalMinutes;
        await ReportFile.WriteAsync(options.Text("--out") ?? (judged ? Places.Report : Path.Combine(Places.Work, "benchmarks.md")), "gateway soak", text, stop);
        return load.Failed == 0 ? 0 : 1;
    }

    private static async Task<List<(double Minute, ProcessTree.Usage Usage)>> SampleAsync(
        CodeAgentContender ours, MixedLoad load, TimeSpan length, CancellationToken end)
    {
        List<(double, ProcessTree.Usage)> samples = [];
        var begun = TimeProvider.System.GetTimestamp();
        using var ticks = new PeriodicTimer(TimeSpan.FromSeconds(Math.Clamp(length.TotalSeconds / 120, 1, 15)));
        try
        {
            while (await ticks.WaitForNextTickAsync(end))
            {
                var (minute, usage) = (TimeProvider.System.GetElapsedTime(begun).TotalMinutes, await ours.Tree.ReadAsync());
                samples.Add((minute, usage));
                if (samples.Count % 10 == 0)
                {
                    await Console.Out.WriteLineAsync(string.Create(CultureInfo.InvariantCulture,
                        $"{minute,5:0.0} min  {usage.Megabytes,6:0} MB  {usage.Handles,4} handles  {usage.Threads,3} threads  {load.Done,10:N0} requests"));
                }
            }
        }
        catch (OperationCanceledException) when (end.IsCancellationRequested)
        {
            // The time is up.
        }

        return samples;
    }

    private static IEnumerable<string> Parts(
        double minutes, MixedLoad load, List<(double Minute, ProcessTree.Usage Usage)> samples, (long Asked, long Left) mock, IReadOnlyList<string> facts)
    {
        // What is allocated once comes early; growth is what goes on after that.
        (double Minute, ProcessTree.Usage Usage)[] settled = [.. samples.Where(sample => sample.Minute >= minutes * WarmUp)];
        var table = new Table("after the first fifth", "median", "least", "most", $"slope in {Span.TotalMinutes:0} min");
        Add("memory, MB", usage => usage.Megabytes);
        Add("handles", usage => usage.Handles);
        Add("threads", usage => usage.Threads);
        var (memory, grown) = (Statistics.Median(settled.Select(sample => sample.Usage.Megabytes)), Slope(usage => usage.Megabytes));
        return
        [
            "## The gateway under mixed load",
            "",
            $"    dotnet run -c Release --project tests/CodeAgent.Benchmarks -- gateway soak --minutes {minutes:0.##}",
            "",
            table.ToString(),
            $"* Memory {(minutes < LeastToJudge.TotalMinutes ? "is not judged in so short a run" : grown <= memory * 0.05 ? "is flat: it grows by less than 5 %" : "**grows**")}.",
            string.Create(CultureInfo.InvariantCulture, $"* {load.Done:N0} requests of {Clients} clients, {load.Failed:N0} failed; {load.Left:N0} times the client left in mid-answer, and the mock saw {mock.Left:N0} of its {mock.Asked:N0} callers leave."),
            "* The mixture: small chats, 100 K prompts, answers that take 20 ms, streams at once and paced; of all requests, a tenth is left before its end.",
            "* Slopes are the median of the slopes between all pairs of samples (Theil and Sen).",
            .. facts.Select(fact => $"* {fact}."),
            $"* {TimeProvider.System.GetUtcNow():yyyy-MM-dd}.",
        ];

        double Slope(Func<ProcessTree.Usage, double> of) => Statistics.Slope([.. settled.Select(sample => (sample.Minute, of(sample.Usage)))]) * Span.TotalMinutes;

        void Add(string title, Func<ProcessTree.Usage, double> of)
        {
            double[] values = [.. settled.Select(sample => of(sample.Usage))];
            table.Add(title, Text(Statistics.Median(values)), Text(values.Min()), Text(values.Max()), Slope(of).ToString("+0.0;-0.0;0", CultureInfo.InvariantCulture));
        }

        static string Text(double value) => value.ToString("0", CultureInfo.InvariantCulture);
    }
}
