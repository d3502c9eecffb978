using System.Text.Json;
using System.Text.Json.Serialization;
using CodeAgent.Benchmarks.Api.Servers;
using CodeAgent.Benchmarks.Machine;

namespace CodeAgent.Benchmarks.Api;

/// <summary>What the load generator is to do.</summary>
/// <param name="Address">Where the server is.</param>
/// <param name="Key">The bearer key.</param>
/// <param name="PerSecond">Requests that begin each second, on average.</param>
/// <param name="Seconds">How long.</param>
/// <param name="Requests">What is asked, from the beginning again where it is over.</param>
internal sealed record LoadPlan(Uri Address, string Key, double PerSecond, double Seconds, IReadOnlyList<MixRequest> Requests);

/// <summary>What the load generator found. Times are in milliseconds.</summary>
/// <param name="Kinds">By kind; under "" all of them.</param>
/// <param name="LateP99">All but a hundredth of the requests began at most so long after their time. It is part of the times above.</param>
/// <param name="CpuSeconds">What the generator itself took.</param>
/// <param name="MostAtOnce">Most requests in flight at a time.</param>
/// <param name="Seconds">From the first request to the last answer.</param>
internal sealed record LoadResult(IReadOnlyDictionary<string, LoadTimes> Kinds, double LateP99, double CpuSeconds, int MostAtOnce, double Seconds)
{
    public LoadTimes All => Kinds[""];
}

/// <summary>How long answers took.</summary>
internal sealed record LoadTimes(int Requests, int Errors, double P50, double P95, double P99, double Most, string? FirstError);

/// <summary>
/// Requests at a rate that the server does not set: an open loop. wrk and its like ask again only when they were answered, so a
/// server that stands still for a second is asked less in that second, and the requests that would have waited are missing from
/// its percentiles (coordinated omission). h2load's rate has the same flaw. Here each request has its time beforehand, with random
/// gaps as between independent clients (Poisson), begins then whatever became of those before it, and is measured from that time.
/// The generator is a process of its own, so that its processor time is counted apart.
/// </summary>
internal static class OpenLoad
{
    public static async Task<LoadResult> RunAsync(TaskServer server, IReadOnlyList<MixRequest> requests, double perSecond, TimeSpan duration, CancellationToken stop)
    {
        var file = Path.Combine(Places.Work, $"load-{server.Key}.json");
        await File.WriteAllBytesAsync(file, JsonSerializer.SerializeToUtf8Bytes(
            new LoadPlan(server.Address, server.Bearer, perSecond, duration.TotalSeconds, requests), LoadJson.Default.LoadPlan), stop);
        var output = await Tool.RunAsync(Places.Self[0], [.. Places.Self[1..], LoadRole.Name, file], stop);
        return JsonSerializer.Deserialize(output.Trim().Split('\n')[^1], LoadJson.Default.LoadResult)!;
    }
}

[JsonSerializable(typeof(LoadPlan))]
[JsonSerializable(typeof(LoadResult))]
[JsonSourceGenerationOptions(NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals)]
internal sealed partial class LoadJson : JsonSerializerContext;
