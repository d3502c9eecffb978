using System.Text.Json;
using CodeAgent.Contracts;
using CodeAgent.ServiceDefaults.Redis;
using StackExchange.Redis;

namespace CodeAgent.Api.Tasks;

/// <summary>Which tasks a list shows.</summary>
/// <param name="Status">Only those in this state.</param>
/// <param name="Labels">Only those that have all of these.</param>
/// <param name="Failure">Only those that failed with this code.</param>
internal sealed record TaskFilter(TaskStatus? Status, IReadOnlyList<KeyValuePair<string, string>> Labels, string? Failure = null)
{
    public bool Fits(TaskState task) => (Status is null || task.Status == Status)
        && (Failure is null || task.Failure?.Code == Failure)
        && Labels.All(label => task.Labels.TryGetValue(label.Key, out var value) && value == label.Value);
}

/// <summary>Lists tasks, newest first, page by page.</summary>
internal sealed class TaskList(IConnectionMultiplexer redis)
{
    // Prompts can be long. A page ends early rather than filling the memory, and so does a search that finds little.
    private const int MostBytes = 8_000_000;
    private const int MostSearched = 2_000;
    private const int AtOnce = 25;

    // One question for all of them: asking and answering costs more than what is asked.
    private static readonly RedisScript Read = new("read tasks", """
        local found = {}
        for i = 1, #KEYS do
          found[i] = redis.call('HMGET', KEYS[i], 'state', 'request')
        end
        return found
        """);

    /// <param name="filter">Which tasks.</param>
    /// <param name="tenant">Only tasks of this tenant; everybody's where it is null.</param>
    /// <param name="before">Only tasks older than this one; all where it is null.</param>
    /// <param name="limit">Tasks of a page, at most.</param>
    public async Task<Page<TaskView>> ReadAsync(TaskFilter filter, string? tenant, Guid? before, int limit)
    {
        var page = new List<TaskView>();
        var (searched, bytes) = (0, 0L);
        var last = before;

        // One more than fits says whether there is a next page.
        var atOnce = Math.Min(AtOnce, limit + 1);
        while (true)
        {
            var ids = await redis.GetDatabase().SortedSetRangeByValueAsync(
                Index(filter, tenant), min: default, max: last is { } id ? id.ToString() : RedisValue.Null, Exclude.Both, Order.Descending, take: atOnce);
            foreach (var (member, fields) in ids.Zip(await ReadAsync(ids)))
            {
                if (page.Count == limit || bytes > MostBytes || searched == MostSearched)
                {
                    return new(page, last.ToString());
                }

                last = Guid.Parse(member.ToString());
                searched++;
                if (TryRead((RedisValue)fields[0]) is { } task && filter.Fits(task) && task.IsSeenBy(tenant))
                {
                    var request = (RedisValue)fields[1];
                    bytes += request.Length();
                    page.Add(task.ToView(TaskStore.RequestOf(request)));
                }
            }

            if (ids.Length < atOnce)
            {
                return new(page, null);
            }
        }
    }

    // One that is damaged must not hide all the others.
    private static TaskState? TryRead(RedisValue state)
    {
        try
        {
            return state.IsNull ? null : TaskStore.StateOf(state);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private async Task<RedisResult[]> ReadAsync(RedisValue[] ids) => ids.Length == 0 ? []
        : (RedisResult[])(await Read.RunQuietlyAsync(redis.GetDatabase(), [.. ids.Select(id => RedisKeys.Task(Guid.Parse(id.ToString())))], []))!;

    // The index that is likely the shortest; the filter sees to the rest.
    private static RedisKey Index(TaskFilter filter, string? tenant) =>
        filter.Labels.Count > 0 ? TaskKeys.Label(filter.Labels[0].Key, filter.Labels[0].Value, tenant)
        : (filter.Failure is null ? filter.Status : TaskStatus.Failed) is { } status ? TaskKeys.Status(status, tenant)
        : TaskKeys.All(tenant);
}
