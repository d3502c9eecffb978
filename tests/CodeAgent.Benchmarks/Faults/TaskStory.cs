using System.Text.Json;
using StackExchange.Redis;

namespace CodeAgent.Benchmarks.Faults;

/// <summary>How a lease ended, as the log has it: the type of the event, and the reason where it went back to the queue. Null while it lives.</summary>
internal sealed record LeaseEnding(string Type, string? Reason);

/// <summary>What Redis has of a task, read from the keys themselves.</summary>
internal sealed class TaskStory(Guid id, JsonElement state, IReadOnlyList<string> log)
{
    private readonly List<JsonElement> _events = [.. log.Select(line => JsonSerializer.Deserialize<JsonElement>(line))];

    public Guid Id => id;

    public JsonElement State => state;

    public string Status => state.GetProperty("status").GetString()!;

    public long Fence => state.GetProperty("fence").GetInt64();

    /// <summary>The events as they are stored, number 1 first.</summary>
    public IReadOnlyList<string> Log => log;

    /// <summary>How often it ended.</summary>
    public int Ends => _events.Count(e => IsEnd(Type(e)));

    /// <summary>How each lease ended, by its number.</summary>
    public Dictionary<long, LeaseEnding?> Leases { get; } = [];

    /// <summary>How many events of a worker are there under each number of a lease.</summary>
    public Dictionary<long, int> Reported { get; } = [];

    /// <summary>All there are.</summary>
    public static async Task<Dictionary<Guid, TaskStory>> ReadAsync(IConnectionMultiplexer client)
    {
        var redis = client.GetDatabase();
        Dictionary<Guid, TaskStory> stories = [];
        foreach (var member in await redis.SortedSetRangeByRankAsync("codeagent:tasks"))
        {
            var id = Guid.Parse(member.ToString());
            var state = await redis.HashGetAsync($"codeagent:task:{id:D}", "state");
            var log = await redis.ListRangeAsync($"codeagent:task:{id:D}:events");
            if (!state.IsNull)
            {
                stories[id] = new(id, JsonSerializer.Deserialize<JsonElement>((string)state!), [.. log.Select(line => (string)line!)]);
            }
        }

        return stories;
    }

    /// <summary>Goes through the log: what is wrong with the order of leases and events, in words.</summary>
    public IEnumerable<(string Invariant, string What)> Read()
    {
        var (live, number) = (0L, 0L);
        foreach (var e in _events)
        {
            if (e.GetProperty("number").GetInt64() != ++number)
            {
                yield return (Invariants.Gapless, $"{id}: event {number} has the number {e.GetProperty("number")}");
            }

            switch (Type(e))
            {
                case "task.claimed":
                    var fence = e.GetProperty("data").GetProperty("fence").GetInt64();
                    if (live != 0 || fence != Leases.Count + 1)
                    {
                        yield return (Invariants.OneLease, $"{id}: lease {fence} is given out while lease {live} lives, after {Leases.Count} leases");
                    }

                    (live, Leases[fence], Reported[fence]) = (fence, null, 0);
                    break;
                case "task.requeued" or "task.succeeded" or "task.failed" or "task.canceled":
                    if (live != 0)
                    {
                        Leases[live] = new(Type(e), Type(e) == "task.requeued" ? e.GetProperty("data").GetProperty("reason").GetString() : null);
                    }

                    live = 0;
                    break;
                case "agent.message":
                    var (of, place) = (e.GetProperty("data").GetProperty("fence").GetInt64(), e.GetProperty("data").GetProperty("place").GetInt32());
                    if (of != live)
                    {
                        yield return (Invariants.Fenced, $"{id}: event {number} is of lease {of} while lease {live} lives");
                    }
                    else if (place != Reported[of]++)
                    {
                        yield return (Invariants.Gapless, $"{id}: event {number} is number {place} of lease {of}, after {Reported[of] - 1}");
                    }

                    break;
                default:
                    break;
            }
        }
    }

    private static string Type(JsonElement e) => e.GetProperty("type").GetString()!;

    private static bool IsEnd(string type) => type is "task.succeeded" or "task.failed" or "task.canceled";
}
