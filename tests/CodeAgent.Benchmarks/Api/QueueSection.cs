using System.Diagnostics;
using System.Globalization;
using CodeAgent.Benchmarks.Api.Servers;
using CodeAgent.Benchmarks.Figures;
using CodeAgent.Benchmarks.Machine;

namespace CodeAgent.Benchmarks.Api;

/// <summary>What a claim takes with few tasks in the queue, and with many.</summary>
internal static class QueueSection
{
    private const int Few = 1_000;
    private const int Claims = 300;
    private const int WarmUp = 100;
    private const double MostTimes = 2;

    public static async Task<Section> RunAsync(Extent extent, CancellationToken stop)
    {
        await using var redis = await RedisServer.StartAsync("redis-queue", stop);
        await using var api = new ApiServer(redis, 0);
        await api.StartAsync(new(), stop);
        using var worker = api.Worker("claimer");
        await Console.Out.WriteLineAsync($"The queue: {Few:N0} tasks");
        await FillAsync(api, Few + WarmUp, stop);
        await ClaimAsync(worker, WarmUp, stop);
        var few = await ClaimAsync(worker, Claims, stop);
        await Console.Out.WriteLineAsync($"The queue: {extent.Queued:N0} tasks");
        var filled = await FillAsync(api, extent.Queued - Few + Claims, stop);
        var many = await ClaimAsync(worker, Claims, stop);
        return new(Text(extent.Queued, few, many, filled), [new(
            string.Create(CultureInfo.InvariantCulture, $"a claim with {extent.Queued:N0} tasks in the queue: at most {MostTimes:0} times that with {Few:N0}"),
            Statistics.Median(many) / Statistics.Median(few), MostTimes, false, "0.00")]);
    }

    private static async Task<double> FillAsync(ApiServer api, int count, CancellationToken stop)
    {
        var begin = Stopwatch.GetTimestamp();
        await api.CreateAsync(count, stop);
        return count / Stopwatch.GetElapsedTime(begin).TotalSeconds;
    }

    // One after another, each from the question to the whole lease; that the task ends afterwards is not measured.
    private static async Task<IReadOnlyList<double>> ClaimAsync(ScriptedWorker worker, int count, CancellationToken stop)
    {
        var times = new double[count];
        for (var i = 0; i < count; i++)
        {
            var begin = Stopwatch.GetTimestamp();
            var lease = await worker.ClaimAsync(0, stop) ?? throw new BenchmarkException("The queue is empty, though it was just filled.");
            times[i] = Stopwatch.GetElapsedTime(begin).TotalMilliseconds;
            await worker.CompleteAsync(lease, stop);
        }

        Array.Sort(times);
        return times;
    }

    private static string Text(int queued, IReadOnlyList<double> few, IReadOnlyList<double> many, double filled)
    {
        var table = new Table("a claim, ms", "p50", "p95", "most");
        table.Add([$"with {Few:N0} tasks in the queue", .. Figures(few)]);
        table.Add([$"with {queued:N0}", .. Figures(many)]);
        return string.Create(CultureInfo.InvariantCulture, $"""
            ### The queue

            {table}
            * Submitted over HTTP, 16 at a time, {filled:N0} a second on the average; claimed one after another by one worker.

            """);

        static IEnumerable<string> Figures(IReadOnlyList<double> times) =>
            new[] { Statistics.Median(times), Statistics.Percentile(times, 95), times[^1] }.Select(ms => ms.ToString("0.00", CultureInfo.InvariantCulture));
    }
}
