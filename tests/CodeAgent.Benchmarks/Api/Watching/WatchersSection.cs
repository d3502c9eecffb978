using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using CodeAgent.Benchmarks.Api.Servers;
using CodeAgent.Benchmarks.Figures;
using CodeAgent.Benchmarks.Machine;

namespace CodeAgent.Benchmarks.Api.Watching;

/// <summary>Ten thousand watchers, and as many as an Api may have open files: what they cost, and how long an event takes to the last one.</summary>
internal static class WatchersSection
{
    private const double MostMegabytes = 500;
    private const double MostMilliseconds = 1_000;
    private const double PerSecond = 1_000;
    private const int Large = 16 * 1024;

    // Open files that are no watchers' connections.
    private const int Others = 600;
    private static readonly TimeSpan Calm = TimeSpan.FromSeconds(3);
    private static readonly JsonElement LargeData = JsonSerializer.SerializeToElement(new { text = new string('x', Large) });

    public static async Task<Section> RunAsync(Extent extent, CancellationToken stop)
    {
        List<Target> targets = [];
        var table = new Table("", "Api's memory, MB", "KB a watcher", "an event to all: median, ms", "worst, ms", "Api's processor time");
        List<string> lines = [];
        await OneTaskAsync(extent, extent.Watchers, table, targets, lines, stop);
        await TaskEachAsync(extent, table, targets, stop);
        if (!extent.IsQuick)
        {
            await OneTaskAsync(extent, await MostAsync(stop), table, targets, lines, stop);
        }

        return new($"### Watchers\n\n{table}\n{string.Join('\n', lines)}\n", targets);
    }

    private static async Task OneTaskAsync(Extent extent, int watchers, Table table, List<Target> targets, List<string> lines, CancellationToken stop)
    {
        await using var redis = await RedisServer.StartAsync("redis-api", stop);
        await using var api = new ApiServer(redis, 0);
        await api.StartAsync(new(), stop);
        await using var task = await WatchedTask.StartAsync(api, stop);
        await using var clients = await WatcherProcesses.StartAsync(watchers, stop);
        await Task.Delay(Calm, stop);
        var before = (await api.Tree.ReadAsync()).Megabytes;

        await Console.Out.WriteLineAsync($"Watchers: {watchers:N0} of one task");
        await clients.OpenAsync(api, [.. Enumerable.Repeat(task.Id, watchers)], stop);
        await clients.ArrivalsAsync(task.Newest, stop);
        await Task.Delay(Calm, stop);
        var (_, waiting) = await ResourceUse.MeasureAsync([api.Tree], async () =>
        {
            await Task.Delay(extent.Idle, stop);
            return 0;
        });
        var title = $"{watchers:N0} watch one task";
        table.Add($"{title}, nothing happens", Text(waiting[0].PeakMegabytes), Text(1024 * (waiting[0].PeakMegabytes - before) / watchers), "", "", Percent(waiting[0]));
        var (delays, telling) = await ResourceUse.MeasureAsync([api.Tree], () => EventsAsync(task, clients, extent.IsQuick ? 3 : 10, null, stop));
        Add($"{title}, an event to all", $"an event to {watchers:N0} watchers within 1 s", delays, telling[0]);

        await clients.PauseHalfAsync(true, stop);
        var (beside, slow) = await ResourceUse.MeasureAsync([api.Tree], () => EventsAsync(task, clients, extent.IsQuick ? 5 : 20, LargeData, stop));
        Add($"… half of them read nothing, events of {Large / 1024} KB", $"half of {watchers:N0} watchers read nothing: an event of {Large / 1024} KB to the others within 1 s", beside, slow[0]);
        await clients.PauseHalfAsync(false, stop);
        await clients.ArrivalsAsync(task.Newest, stop);
        lines.Add($"* {watchers:N0} watchers of one task: those that had read nothing read again, and had every event once, in order; no watcher was cut off.");

        void Add(string what, string target, IReadOnlyList<double> found, ResourceUse use)
        {
            table.Add(what, Text(use.PeakMegabytes), Text(1024 * (use.PeakMegabytes - before) / watchers), Text(Statistics.Median(found)), Text(found.Max()), Percent(use));
            Console.WriteLine($"  {what}: {Text(use.PeakMegabytes)} MB; median {Text(Statistics.Median(found))} ms, worst {Text(found.Max())} ms");
            if (watchers == extent.Watchers)
            {
                targets.Add(new(target, found.Max(), MostMilliseconds, false, "0 ms"));
                targets.Add(new($"{what}: the Api under {MostMegabytes:0} MB", use.PeakMegabytes, MostMegabytes, false, "0 MB"));
            }
        }
    }

    // From the sending of the request that makes it, until the last watcher has it.
    private static async Task<IReadOnlyList<double>> EventsAsync(WatchedTask task, WatcherProcesses clients, int count, JsonElement? data, CancellationToken stop)
    {
        List<double> delays = [];
        for (var i = 0; i < count; i++)
        {
            var sent = await task.TellAsync(stop, data);
            var arrivals = await clients.ArrivalsAsync(task.Newest, stop);
            delays.Add(Stopwatch.GetElapsedTime(sent, arrivals.Max()).TotalMilliseconds);
        }

        return delays;
    }

    // Each watches a task of its own, and in each of these somebody says something to the agent.
    private static async Task TaskEachAsync(Extent extent, Table table, List<Target> targets, CancellationToken stop)
    {
        await using var redis = await RedisServer.StartAsync("redis-api", stop);
        await using var api = new ApiServer(redis, 0);
        await api.StartAsync(new(), stop);
        await Console.Out.WriteLineAsync($"Watchers: {extent.Watchers:N0}, each of a task of its own");
        var tasks = await api.CreateAsync(extent.Watchers, stop);
        await using var clients = await WatcherProcesses.StartAsync(extent.Watchers, stop);
        await Task.Delay(Calm, stop);
        var before = (await api.Tree.ReadAsync()).Megabytes;
        await clients.OpenAsync(api, tasks, stop);
        await clients.ArrivalsAsync(1, stop);
        var (delays, use) = await ResourceUse.MeasureAsync([api.Tree], () => MessagesAsync(api, tasks, clients, stop));
        table.Add($"{tasks.Count:N0} watch a task each, {PerSecond:N0} events/s", Text(use[0].PeakMegabytes), Text(1024 * (use[0].PeakMegabytes - before) / tasks.Count),
            Text(Statistics.Median(delays)), Text(delays.Max()), Percent(use[0]));
        targets.Add(new($"{tasks.Count:N0} watchers of a task each: each event within 1 s at {PerSecond:N0}/s", delays.Max(), MostMilliseconds, false, "0 ms"));
        targets.Add(new($"{tasks.Count:N0} watchers of a task each: the Api under {MostMegabytes:0} MB", use[0].PeakMegabytes, MostMegabytes, false, "0 MB"));
    }

    // An open loop as well: each message has its time, and its event's delay counts from then.
    private static async Task<IReadOnlyList<double>> MessagesAsync(ApiServer api, IReadOnlyList<Guid> tasks, WatcherProcesses clients, CancellationToken stop)
    {
        using var http = api.Client();
        using var ticks = new PeriodicTimer(TimeSpan.FromMilliseconds(1));
        var (due, sent) = (new long[tasks.Count], new Task[tasks.Count]);
        var begun = Stopwatch.GetTimestamp();
        for (var i = 0; i < tasks.Count; i++)
        {
            due[i] = begun + (long)(i / PerSecond * Stopwatch.Frequency);
            while (Stopwatch.GetTimestamp() < due[i])
            {
                await ticks.WaitForNextTickAsync(stop);
            }

            sent[i] = SayAsync(tasks[i]);
        }

        await Task.WhenAll(sent);
        var arrivals = await clients.ArrivalsAsync(2, stop);
        return [.. due.Zip(arrivals, (from, to) => Stopwatch.GetElapsedTime(from, to).TotalMilliseconds)];

        async Task SayAsync(Guid task)
        {
            using var body = new ByteArrayContent("""{"text":"Leave the cache as it is."}"""u8.ToArray()) { Headers = { ContentType = new("application/json") } };
            using var answer = await http.PostAsync(new Uri($"v1/tasks/{task}/messages", UriKind.Relative), body, stop);
            if (!answer.IsSuccessStatusCode)
            {
                throw new BenchmarkException($"A message is refused: {await answer.Content.ReadAsStringAsync(stop)}");
            }
        }
    }

    // Max open files            20000                20000                files
    private static async Task<int> MostAsync(CancellationToken stop) => Math.Min(50_000, int.Parse((await File.ReadAllLinesAsync("/proc/self/limits", Encoding.ASCII, stop))
        .First(line => line.StartsWith("Max open files", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], CultureInfo.InvariantCulture)) - Others;

    private static string Percent(ResourceUse use) => (100 * use.Share).ToString("0.0 '%'", CultureInfo.InvariantCulture);

    private static string Text(double value) => value.ToString("0", CultureInfo.InvariantCulture);
}
