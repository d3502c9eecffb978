using System.Globalization;
using CodeAgent.Api.Operations;
using CodeAgent.Api.Tasks;
using CodeAgent.Contracts;
using CodeAgent.ServiceDefaults.Redis;
using StackExchange.Redis;

namespace CodeAgent.Api.Status;

/// <summary>
/// Counts what happens to tasks, by minute. Part of the commit that it happens by: so each is counted once, whichever instance does
/// it, and however often it is tried.
/// </summary>
internal static class TaskRates
{
    private const int Minutes = 5;
    private const int KeptSeconds = (Minutes + 1) * 60;
    private static readonly RedisValue[] Fields = ["submitted", "started", "finished", "failed"];

    /// <summary>Counts what a change of state is.</summary>
    public static void Count(this TaskCommit commit, TaskState? before, TaskState after)
    {
        if (after.Status == TaskStatus.Running)
        {
            commit.Do("HINCRBY", OperationsKeys.State, OperationsKeys.Claims, 1);
        }

        foreach (var what in Counted(before, after))
        {
            foreach (var tenant in after.Tenant is null ? (string?[])[null] : [null, after.Tenant])
            {
                var key = Key(after.UpdatedAt, tenant);
                commit.Do("HINCRBY", key, what, 1).Do("EXPIRE", key, KeptSeconds);
            }
        }
    }

    /// <summary>The last minutes, the one that runs first.</summary>
    /// <param name="redis">Where they are.</param>
    /// <param name="tenant">Of this tenant's tasks alone; of all where it is null.</param>
    /// <param name="now">When it is.</param>
    public static async Task<IReadOnlyList<MinuteRates>> ReadAsync(IDatabase redis, string? tenant, DateTimeOffset now)
    {
        var minutes = Enumerable.Range(0, Minutes).Select(ago => Begin(now) - TimeSpan.FromMinutes(ago)).ToList();
        var counts = await Task.WhenAll(minutes.Select(minute => redis.HashGetAsync(Key(minute, tenant), Fields)));
        return [.. minutes.Zip(counts, (minute, values) => new MinuteRates
        {
            Minute = minute,
            Submitted = (long)values[0],
            Started = (long)values[1],
            Finished = (long)values[2],
            Failed = (long)values[3],
        })];
    }

    private static IEnumerable<string> Counted(TaskState? before, TaskState after) => after.Status switch
    {
        TaskStatus.Queued when before is null => ["submitted"],
        TaskStatus.Running => ["started"],
        TaskStatus.Failed => ["finished", "failed"],
        TaskStatus.Succeeded or TaskStatus.Canceled => ["finished"],
        _ => [],
    };

    private static DateTimeOffset Begin(DateTimeOffset at) => new(at.UtcTicks - (at.UtcTicks % TimeSpan.TicksPerMinute), TimeSpan.Zero);

    private static RedisKey Key(DateTimeOffset at, string? tenant) =>
        string.Create(CultureInfo.InvariantCulture, $"{RedisKeys.Prefix}rates:{Begin(at).ToUnixTimeSeconds() / 60}{(tenant is null ? "" : ":")}{tenant}");
}
