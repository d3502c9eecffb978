using System.Globalization;
using System.Text.Json;
using CodeAgent.Benchmarks.Api.Servers;
using CodeAgent.Benchmarks.Machine;

namespace CodeAgent.Benchmarks.Api;

/// <summary>The scenario that users rerun, <c>docs/examples/load.yml</c>, carried out by Artillery itself.</summary>
internal static class ArtillerySection
{
    private const string Version = "2.0.21";
    private const string Package = $$"""
        { "private": true, "dependencies": { "artillery": "{{Version}}" } }
        """;

    public static async Task<Section> RunAsync(Extent extent, CancellationToken stop)
    {
        var folder = Directory.CreateDirectory(Path.Combine(Places.Work, "artillery")).FullName;
        var program = Path.Combine(folder, "node_modules", ".bin", "artillery");
        if (!File.Exists(program))
        {
            // Half a gigabyte with all that it may need elsewhere: a quick look does without.
            if (extent.IsQuick)
            {
                return await SkippedAsync("in a quick run it is not installed");
            }

            await File.WriteAllTextAsync(Path.Combine(folder, "package.json"), Package, stop);
            var (code, _) = await Tool.TryRunAsync("npm", ["install", "--ignore-scripts", "--no-audit", "--no-fund"], stop, folder);
            if (code != 0)
            {
                return await SkippedAsync(code is null ? "there is no npm here" : "npm could not install it");
            }
        }

        await using var redis = await RedisServer.StartAsync("redis-api", stop);
        await using var api = new ApiServer(redis, 0);
        await api.StartAsync(new(), stop);
        await OpenLoad.RunAsync(api, await MixSection.PrepareAsync(api, stop), 200, extent.WarmUp, stop);
        var (rate, seconds) = (extent.IsQuick ? 5 : 20, extent.IsQuick ? 5 : 20);
        await Console.Out.WriteLineAsync($"Artillery: {rate} clients a second");
        var report = Path.Combine(Places.Work, "artillery.json");
        var (ended, output) = await Tool.TryRunAsync("env",
        [
            $"CODEAGENT_URL={api.Address.AbsoluteUri.TrimEnd('/')}", $"CODEAGENT_KEY={api.Bearer}", $"CODEAGENT_RATE={rate}", $"CODEAGENT_SECONDS={seconds}",
            "ARTILLERY_DISABLE_TELEMETRY=true", program, "run", "--quiet", "--output", report, Places.Beside("Api/load.yml"),
        ], stop);
        if (!File.Exists(report))
        {
            throw new BenchmarkException($"Artillery {(ended is null ? "does not start" : $"ended with {ended}")}: {output[^Math.Min(output.Length, 1000)..]}");
        }

        using var found = JsonDocument.Parse(await File.ReadAllBytesAsync(report, stop));
        var (counters, times) = (found.RootElement.GetProperty("aggregate").GetProperty("counters"), found.RootElement.GetProperty("aggregate").GetProperty("summaries").GetProperty("http.response_time"));
        var (done, failed) = (counters.GetProperty("http.requests").GetInt64(), counters.GetProperty("vusers.failed").GetInt64());
        return new(string.Create(CultureInfo.InvariantCulture, $"""
            ### Artillery

            Artillery {Version} with `docs/examples/load.yml`, {rate} clients a second for {seconds} s: {done:N0} requests, {failed:N0} clients failed;
            p50 {times.GetProperty("p50").GetDouble():0.0} ms, p99 {times.GetProperty("p99").GetDouble():0.0} ms.

            """), [new("Artillery's scenario: no client failed", failed, 0, false, "0"), new("Artillery's scenario: p99 under 100 ms", times.GetProperty("p99").GetDouble(), 100, false, "0.0 ms")]);
    }

    private static async Task<Section> SkippedAsync(string why)
    {
        await Console.Error.WriteLineAsync($"Artillery is skipped: {why}.");
        return new($"### Artillery\n\nSkipped: {why}.\n", []);
    }
}
