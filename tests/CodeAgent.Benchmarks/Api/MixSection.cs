using System.Globalization;
using CodeAgent.Benchmarks.Api.Servers;
using CodeAgent.Benchmarks.Figures;
using CodeAgent.Benchmarks.Load;
using CodeAgent.Benchmarks.Machine;

namespace CodeAgent.Benchmarks.Api;

/// <summary>The Api alone under the mix: at a steady rate, and as fast as it goes.</summary>
internal static class MixSection
{
    private const double Rate = 1_000;
    private const int Connections = 32;
    private const int Tasks = 500;
    private const int Told = 100;
    private const double LeastPerSecond = 5_000;
    private static readonly TimeSpan Calm = TimeSpan.FromSeconds(3);

    public static async Task<Section> RunAsync(Extent extent, Neighbours neighbours, CancellationToken stop)
    {
        await using var redis = await RedisServer.StartAsync("redis-api", stop);
        await using var api = new ApiServer(redis, 0);
        await api.StartAsync(new(), stop);
        var requests = await PrepareAsync(api, stop);
        await Task.Delay(Calm, stop);
        var idle = (await api.Tree.ReadAsync()).Megabytes;

        await Console.Out.WriteLineAsync("The mix: warming up");
        await OpenLoad.RunAsync(api, requests, Rate, extent.WarmUp, stop);
        await Console.Out.WriteLineAsync($"The mix: {Rate:0} requests/s");
        var (steady, used) = await neighbours.RunAsync(() => ResourceUse.MeasureAsync(
            [api.Tree, redis.Tree, api.Sink], () => OpenLoad.RunAsync(api, requests, Rate, extent.Mix, stop)), stop);
        await Console.Out.WriteLineAsync("The mix: as fast as it goes");
        await WrkMix.RunAsync(api, requests, Connections, extent.WarmUp, stop);
        var (fastest, usedMost) = await neighbours.RunAsync(() => ResourceUse.MeasureAsync(
            [api.Tree, redis.Tree, api.Sink], () => WrkMix.RunAsync(api, requests, Connections, extent.Saturation, stop)), stop);
        return new(Text(steady, used, fastest, usedMost, idle), Targets(steady, used, fastest, idle));
    }

    /// <summary>Makes the tasks that the mix looks at.</summary>
    public static async Task<IReadOnlyList<MixRequest>> PrepareAsync(TaskServer server, CancellationToken stop)
    {
        var told = await server.CreateAsync(Told, stop);
        await server.TellAsync(told, TaskMix.EventsOfTask, stop);
        return TaskMix.Requests([.. told, .. await server.CreateAsync(Tasks - Told, stop)], told);
    }

    private static IReadOnlyList<Target> Targets(LoadResult steady, IReadOnlyList<ResourceUse> used, WrkResult fastest, double idle) =>
    [
        new($"{Rate:N0} requests/s: p99 under 100 ms", steady.All.P99, 100, false, "0.0 ms"),
        new($"{Rate:N0} requests/s: processor time of the Api under 70 % of the machine", 100 * used[0].Share, 70, false, "0 '%'"),
        new($"{Rate:N0} requests/s: no errors", steady.All.Errors, 0, false, "0"),
        new($"{Rate:N0} requests/s: memory at most 1.5 times idle", used[0].PeakMegabytes / idle, 1.5, false, "0.00"),
        new($"as fast as it goes: at least {LeastPerSecond:N0} requests/s", fastest.PerSecond, LeastPerSecond, true, "N0"),
        new("as fast as it goes: no errors", fastest.Errors, 0, false, "0"),
    ];

    private static string Text(LoadResult steady, IReadOnlyList<ResourceUse> used, WrkResult fastest, IReadOnlyList<ResourceUse> usedMost, double idle)
    {
        var times = new Table("ms", "requests", "p50", "p95", "p99", "most", "errors");
        foreach (var (kind, title) in TaskMix.Kinds.Select(kind => (kind.Kind, $"{kind.Kind}, {kind.Share} %")).Append(("", "**all**")))
        {
            if (steady.Kinds.TryGetValue(kind, out var of))
            {
                times.Add(title, Text($"{of.Requests:N0}"), Text($"{of.P50:0.0}"), Text($"{of.P95:0.0}"), Text($"{of.P99:0.0}"), Text($"{of.Most:0.0}"), $"{of.Errors}");
            }
        }

        var costs = new Table("share of the machine's processor time", "Api", "redis-server", "telemetry's sink", "load tool");
        costs.Add($"at {Rate:N0} requests/s", Share(used[0]), Share(used[1]), Share(used[2]),
            Text($"{100 * steady.CpuSeconds / steady.Seconds / Environment.ProcessorCount:0} %"));
        costs.Add(Text($"as fast as it goes: {fastest.PerSecond:N0} requests/s"), Share(usedMost[0]), Share(usedMost[1]), Share(usedMost[2]), "the rest");
        return $"""
            ### The mix

            {times}
            {costs}
            * The Api's memory: {Text($"{idle:0}")} MB before any load, {Text($"{used[0].PeakMegabytes:0}")} MB at most at {Rate:N0} requests/s, {Text($"{usedMost[0].PeakMegabytes:0}")} MB as fast as it goes.
            * As fast as it goes: `wrk`, {Connections} connections, {fastest.Errors:N0} errors, {Text($"{fastest.P50:0.0}")} ms at the median, {Text($"{fastest.P99:0.0}")} ms p99.
            * The load generator began all but a hundredth of its requests within {Text($"{steady.LateP99:0.0}")} ms of their time, which is in the times above; at most {steady.MostAtOnce} were in flight at once.{(steady.All.FirstError is { } error ? $" **An error: {error}.**" : "")}

            """;

        static string Share(ResourceUse use) => Text($"{100 * use.Share:0} %");
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
