using System.Text.Json;
using System.Text.Json.Serialization;
using CodeAgent.Contracts;
using CodeAgent.ServiceDefaults.Redis;
using StackExchange.Redis;

namespace CodeAgent.Api.Status;

/// <summary>The workers that were heard of lately.</summary>
internal sealed class WorkerRegistry(IConnectionMultiplexer redis, TimeProvider time)
{
    /// <summary>A worker that was not heard of for so long is not shown.</summary>
    public static readonly TimeSpan Present = TimeSpan.FromSeconds(30);

    // A busy worker sends heartbeats but claims nothing, so what its last claim said has to last.
    private static readonly TimeSpan Remembered = TimeSpan.FromDays(1);

    private static readonly RedisKey Seen = RedisKeys.Prefix + "workers";

    private IDatabase Redis => redis.GetDatabase();

    /// <summary>A worker asked for work, or got some.</summary>
    public async Task SeenAsync(ClaimRequest claim)
    {
        var now = time.GetUtcNow();
        var worker = new WorkerView { Name = claim.Worker, Agents = claim.Agents, Capacity = claim.Capacity, Running = claim.Running, LastSeenAt = now };
        await Task.WhenAll(
            Redis.StringSetAsync(Key(claim.Worker), JsonSerializer.Serialize(worker, StatusJson.Default.WorkerView), Remembered),
            Redis.SortedSetAddAsync(Seen, claim.Worker, now.ToUnixTimeMilliseconds()),
            Redis.SortedSetRemoveRangeByScoreAsync(Seen, double.NegativeInfinity, (now - Remembered).ToUnixTimeMilliseconds()));
    }

    /// <summary>A worker sent a heartbeat.</summary>
    public Task SeenAsync(string worker) => Redis.SortedSetAddAsync(Seen, worker, time.GetUtcNow().ToUnixTimeMilliseconds());

    /// <summary>Those who were heard of within <see cref="Present"/>, by name.</summary>
    public async Task<IReadOnlyList<WorkerView>> PresentAsync()
    {
        var since = (time.GetUtcNow() - Present).ToUnixTimeMilliseconds();
        var seen = await Redis.SortedSetRangeByScoreWithScoresAsync(Seen, since);
        var workers = await Redis.StringGetAsync([.. seen.Select(entry => Key(entry.Element!))]);
        return [.. workers.Zip(seen).Where(pair => !pair.First.IsNull).Select(pair =>
            JsonSerializer.Deserialize((string)pair.First!, StatusJson.Default.WorkerView)! with
            {
                LastSeenAt = DateTimeOffset.FromUnixTimeMilliseconds((long)pair.Second.Score),
            }).OrderBy(worker => worker.Name, StringComparer.Ordinal)];
    }

    private static RedisKey Key(string? worker) => $"{RedisKeys.Prefix}worker:{worker}";
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(WorkerView))]
internal sealed partial class StatusJson : JsonSerializerContext;
