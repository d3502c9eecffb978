using System.Globalization;
using CodeAgent.Benchmarks.Api.Servers;
using CodeAgent.Benchmarks.Figures;
using CodeAgent.Benchmarks.Machine;

namespace CodeAgent.Benchmarks.Api;

/// <summary>The Api under the mix for a long time, with workers that carry out what is submitted and watchers that come and go: does it grow?</summary>
internal static class ApiSoak
{
    private const double Rate = 200;
    private const int Workers = 8;
    private const int Watchers = 100;
    private const double Span = 30;

    public static async Task<int> RunAsync(Options options, CancellationToken stop)
    {
        Gateway.Requirements.Check();
        var minutes = options.Number("--minutes", Span);
        var facts = await MachineFacts.ReadAsync(stop);
        await using var redis = await RedisServer.StartAsync("redis-api", stop);
        await using var api = new ApiServer(redis, 0);
        await api.StartAsync(new(), stop);
        var requests = await MixSection.PrepareAsync(api, stop);

        using var end = CancellationTokenSource.CreateLinkedTokenSource(stop);
        end.CancelAfter(TimeSpan.FromMinutes(minutes));
        using var life = new TaskLife(api);
        var growth = new Growth(minutes);
        var lives = life.RunAsync(Workers, Watchers, end.Token);
        var load = OpenLoad.RunAsync(api, requests, Rate, TimeSpan.FromMinutes(minutes), stop);
        var process = await api.Tree.ProgramAsync("CodeAgent.Api.dll");
        await growth.WatchAsync(api.Tree, () => $"{life.Completed,8:N0} tasks completed, {life.Watched,8:N0} watched", end.Token, ending => ManagedHeap.CollectAsync(process, ending));
        await lives;
        var found = await load;

        Target[] targets =
        [
            new("no errors in the mix", found.All.Errors, 0, false, "0"),
            new("no errors of workers and watchers", life.Failed, 0, false, "0"),
            new("memory grows by less than 5 %", !growth.IsJudged ? double.NaN : growth.Grows ? 1 : 0, 0, false, "yes;no;yes"),
        ];
        string[] text =
        [
            "## The Api under the mix for a long time", "",
            $"    dotnet run -c Release --project tests/CodeAgent.Benchmarks -- api soak --minutes {minutes:0.##}", "",
            growth.ToString(),
            $"* {growth.Verdict}",
            string.Create(CultureInfo.InvariantCulture, $"* {found.All.Requests:N0} requests of the mix at {Rate:0}/s, {found.All.Errors:N0} failed; p50 {found.All.P50:0.0} ms, p99 {found.All.P99:0.0} ms, most {found.All.Most:0} ms. A full collection, for the line above, is made about every twelfth of the time."),
            string.Create(CultureInfo.InvariantCulture, $"* {Workers} scripted workers completed {life.Completed:N0} tasks with 12 events each; {Watchers} watchers at a time came and left {life.Watched:N0} times, half of them before the end of their task; {life.Failed:N0} of these failed{(life.FirstError is { } error ? $" ({error})" : "")}."),
            "* Slopes are the median of the slopes between all pairs of samples (Theil and Sen).",
            .. facts.Select(fact => $"* {fact}."),
            $"* {TimeProvider.System.GetUtcNow():yyyy-MM-dd}.",
        ];
        await Console.Out.WriteLineAsync(string.Join('\n', text));
        await ReportFile.WriteAsync(options.Text("--out") ?? (growth.IsJudged ? Places.Report : Path.Combine(Places.Work, "benchmarks.md")), "api soak", string.Join('\n', text), stop);
        await Console.Out.WriteLineAsync(Target.ToTable(targets));
        return targets.All(target => target.IsReached || double.IsNaN(target.Measured)) ? 0 : 1;
    }
}
