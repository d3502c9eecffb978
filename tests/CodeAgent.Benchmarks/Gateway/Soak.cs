using System.Globalization;
using CodeAgent.Benchmarks.Figures;
using CodeAgent.Benchmarks.Machine;

namespace CodeAgent.Benchmarks.Gateway;

/// <summary>The gateway under mixed load for a long time: does it grow?</summary>
internal static class Soak
{
    private const int Clients = 16;
    private static readonly TimeSpan Span = TimeSpan.FromMinutes(30);

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
        var growth = new Growth(minutes);
        await growth.WatchAsync(ours.Tree, () => $"{load.Done,10:N0} requests", end.Token);
        await clients;
        stop.ThrowIfCancellationRequested();

        var (asked, left) = await field.Mock.StatsAsync(stop);
        var text = string.Join("\n", Parts(minutes, load, growth, (asked, left), facts));
        await Console.Out.WriteLineAsync(text);
        await ReportFile.WriteAsync(options.Text("--out") ?? (growth.IsJudged ? Places.Report : Path.Combine(Places.Work, "benchmarks.md")), "gateway soak", text, stop);
        return load.Failed == 0 ? 0 : 1;
    }

    private static IEnumerable<string> Parts(double minutes, MixedLoad load, Growth growth, (long Asked, long Left) mock, IReadOnlyList<string> facts) =>
    [
        "## The gateway under mixed load",
        "",
        $"    dotnet run -c Release --project tests/CodeAgent.Benchmarks -- gateway soak --minutes {minutes:0.##}",
        "",
        growth.ToString(),
        $"* {growth.Verdict}",
        string.Create(CultureInfo.InvariantCulture, $"* {load.Done:N0} requests of {Clients} clients, {load.Failed:N0} failed; {load.Left:N0} times the client left in mid-answer, and the mock saw {mock.Left:N0} of its {mock.Asked:N0} callers leave."),
        "* The mixture: small chats, 100 K prompts, answers that take 20 ms, streams at once and paced; of all requests, a tenth is left before its end.",
        "* Slopes are the median of the slopes between all pairs of samples (Theil and Sen).",
        .. facts.Select(fact => $"* {fact}."),
        $"* {TimeProvider.System.GetUtcNow():yyyy-MM-dd}.",
    ];
}
