using System.Globalization;
using CodeAgent.Benchmarks.Api.Servers;
using CodeAgent.Benchmarks.Contenders;
using CodeAgent.Benchmarks.Figures;
using CodeAgent.Benchmarks.Load;
using CodeAgent.Benchmarks.Machine;
using CodeAgent.Benchmarks.Roles;

namespace CodeAgent.Benchmarks.Api;

/// <summary>
/// The Api and the gateway beside servers in Python, under equal load: the mix at a rate that the slowest holds, and calls of a
/// slow model by so many clients at once.
/// </summary>
internal static class ComparisonSection
{
    private const string Flask = "flask";
    private const double Rate = 300;
    private const int Clients = 256;
    private const int Held = 500;
    private const int WarmUpClients = 8;
    private static readonly Request Slow = new(Behaviour.Slow, false);
    private static readonly TimeSpan Calm = TimeSpan.FromSeconds(3);

    public static async Task<Section> RunAsync(Extent extent, Neighbours neighbours, CancellationToken stop)
    {
        await Slow.SaveAsync(stop);
        await using var redis = await RedisServer.StartAsync("redis-api", stop);
        await using var mock = new MockContender();
        await mock.StartAsync(mock, stop);

        // One at a time: what the others only have in memory is no part of anybody's figure, but their idle threads are.
        List<string> skipped = [];
        List<Competitor> found = [];
        TaskServer[] servers = [new ApiServer(redis, 0), new FlaskServer(redis, 1), new FastApiServer(redis, 2, 1), new FastApiServer(redis, 3, Environment.ProcessorCount)];
        foreach (var server in servers)
        {
            await using (server)
            {
                await Console.Out.WriteLineAsync($"Beside each other: {server.Title}");
                try
                {
                    await server.StartAsync(mock, stop);
                    found.Add(await CompeteAsync(server, mock, extent, neighbours, stop));
                }
                catch (SkippedException e)
                {
                    skipped.Add($"{server.Title} is skipped: {e.Message}.");
                    await Console.Error.WriteLineAsync(skipped[^1]);
                }
            }
        }

        return new(Text(found, skipped), Targets(found));
    }

    private static async Task<Competitor> CompeteAsync(TaskServer server, MockContender mock, Extent extent, Neighbours neighbours, CancellationToken stop)
    {
        if (server is not ApiServer)
        {
            // Before the mix has left anything in its memory.
            var calls = await CallAsync(server, mock, extent, neighbours, stop);
            return new(server, calls, await MixAsync(server, extent, neighbours, stop), server.Description);
        }

        // The calls of a model are the gateway's part of CodeAgent.
        var mix = await MixAsync(server, extent, neighbours, stop);
        await using var gateway = new CodeAgentContender();
        await gateway.StartAsync(mock, stop);
        return new(server, await CallAsync(gateway, mock, extent, neighbours, stop), mix, $"{server.Description}; for calls of the model {gateway.Description}");
    }

    private static async Task<Mixed> MixAsync(TaskServer server, Extent extent, Neighbours neighbours, CancellationToken stop)
    {
        var requests = await MixSection.PrepareAsync(server, stop);
        await WrkMix.RunAsync(server, requests, WarmUpClients, extent.WarmUp, stop);
        await Task.Delay(Calm, stop);
        var (found, use) = await neighbours.RunAsync(() => ResourceUse.MeasureAsync([server.Tree], () => OpenLoad.RunAsync(server, requests, Rate, extent.Compared, stop)), stop);
        return new(found, use[0]);
    }

    private static async Task<Calls> CallAsync(Contender server, MockContender mock, Extent extent, Neighbours neighbours, CancellationToken stop)
    {
        await AnswerCheck.RunWholeAsync(server, Slow, stop);
        await Wrk.RunAsync(server, Slow, WarmUpClients, extent.WarmUp, stop);
        await Task.Delay(Calm, stop);
        var (before, held) = await HeldRequests.RunAsync(server, mock, Held, stop);
        var (found, use) = await neighbours.RunAsync(() => ResourceUse.MeasureAsync([server.Tree], () => Wrk.RunAsync(server, Slow, Clients, extent.Compared, stop)), stop);
        return new(found, use[0], before, held);
    }

    private static IReadOnlyList<Target> Targets(List<Competitor> found)
    {
        var (ours, flask) = (found.First(), found.FirstOrDefault(one => one.Server.Key == Flask));
        return
        [
            Ratio($"the mix at {Rate:0} requests/s: response time at most 0.5 of Flask's, p50", one => one.Mix.Found.All.P50, 0.5),
            Ratio($"the mix at {Rate:0} requests/s: response time at most 0.5 of Flask's, p99", one => one.Mix.Found.All.P99, 0.5),
            Ratio($"the mix at {Rate:0} requests/s: processor time at most 0.6 of Flask's", one => one.Mix.Use.CpuSeconds, 0.6),
            Ratio($"{Clients} clients of a slow model: response time at most 0.5 of Flask's, p50", one => one.Calls.Found.P50, 0.5),
            Ratio($"{Clients} clients of a slow model: response time at most 0.5 of Flask's, p99", one => one.Calls.Found.P99, 0.5),
            Ratio($"{Clients} clients of a slow model: processor time of a request at most 0.6 of Flask's", one => one.Calls.CpuOfRequest, 0.6),
            Ratio($"{Held} requests in flight at once: memory of one at most 0.7 of Flask's", one => one.Calls.MemoryOfRequest, 0.7),
            new("beside each other: no errors of CodeAgent's", ours.Mix.Found.All.Errors + ours.Calls.Found.Errors, 0, false, "0"),
        ];

        Target Ratio(string text, Func<Competitor, double> of, double limit) => new(text, flask is null ? double.NaN : of(ours) / of(flask), limit, false, "0.00");
    }

    private static string Text(List<Competitor> found, List<string> skipped)
    {
        var flask = found.FirstOrDefault(one => one.Server.Key == Flask);
        Competitor[] compared = flask is null ? [] : [.. found.Where(one => one != flask)];
        var table = new Table(["", .. found.Select(one => one.Server is ApiServer ? "CodeAgent" : one.Server.Title), .. compared.Select(one => $"{(one.Server is ApiServer ? "CodeAgent" : one.Server.Title)} ÷ Flask")]);
        Add($"the mix, {Rate:0} requests/s: p50, ms", one => one.Mix.Found.All.P50, "0.0");
        Add("… p99, ms", one => one.Mix.Found.All.P99, "0.0");
        Add("… processor seconds for 1,000 requests", one => one.Mix.Use.CpuSeconds / one.Mix.Found.All.Requests * 1_000, "0.00");
        Add("… peak memory, MB", one => one.Mix.Use.PeakMegabytes, "0");
        Add("… errors", one => one.Mix.Found.All.Errors, "0");
        Add($"a model that takes 200 ms, {Clients} clients: p50, ms", one => one.Calls.Found.P50, "0");
        Add("… p99, ms", one => one.Calls.Found.P99, "0");
        Add("… requests/s", one => one.Calls.Found.PerSecond, "N0");
        Add("… processor seconds for 1,000 requests", one => one.Calls.CpuOfRequest, "0.00");
        Add("… peak memory, MB", one => one.Calls.Use.PeakMegabytes, "0");
        Add("… errors", one => one.Calls.Found.Errors, "0");
        Add($"{Held} requests in flight at once: memory before, MB", one => one.Calls.Before, "0");
        Add("… with all of them, MB", one => one.Calls.Held, "0");
        Add("… of one of them, KB", one => one.Calls.MemoryOfRequest, "0");
        return $"""
            ### Beside servers in Python

            {table}
            Who takes part:

            {string.Join('\n', found.Select(one => $"* **{one.Server.Title}**: {one.Description}.").Concat(skipped.Select(line => $"* {line}")))}

            * Each is started alone, beside the same redis-server (append-only file, synced every second) with a database of its own, and the same mock
              of a model. For a new task each reads the caller's key and carries out the same writes in one transaction: the task's hash, three
              indexes, a label's index, the queue, the list of events, and two messages to listeners. CodeAgent reads the task's place
              first as well, validates the whole request and traces it.
            * For a call of the model each counts in Redis before and after. The gateway also looks up the key and the limits, has a log, traces and metrics.
            * Requests in flight: so many are sent at once, and the mock answers none until all have come to it. What is resident then, less
              what was before, over their number. Before that each has been warmed up with {WarmUpClients} clients and left alone for {Calm.TotalSeconds:0} s.

            """;

        void Add(string title, Func<Competitor, double> of, string format) => table.Add([
            title, .. found.Select(one => of(one).ToString(format, CultureInfo.InvariantCulture)),
            .. compared.Select(one => of(flask!) == 0 ? "-" : (of(one) / of(flask!)).ToString("0.00", CultureInfo.InvariantCulture))]);
    }

    private sealed record Mixed(LoadResult Found, ResourceUse Use);

    private sealed record Calls(WrkResult Found, ResourceUse Use, double Before, double Held)
    {
        /// <summary>Processor seconds for 1,000.</summary>
        public double CpuOfRequest => Use.CpuSeconds / Found.Requests * 1_000;

        /// <summary>Kilobytes of one in flight.</summary>
        public double MemoryOfRequest => (Held - Before) * 1024 / ComparisonSection.Held;
    }

    private sealed record Competitor(TaskServer Server, Calls Calls, Mixed Mix, string Description);
}
