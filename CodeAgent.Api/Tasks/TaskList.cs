using System.Text.Json;
using CodeAgent.Contracts;
using CodeAgent.ServiceDefaults.Redis;
using StackExchange.Redis;

namespace CodeAgent.Api.Tasks;

/// <summary>Which tasks a list shows.</summary>
/// <param name="Status">Only those in this state.</param>
/// <param name="Labels">Only those that have all of these.</param>
internal sealed record TaskFilter(TaskStatus? Status, IReadOnlyList<KeyValuePair<string, string>> Labels)
{
    public bool Fits(TaskState task) => (Status is null || task.Status == Status)
        && Labels.All(label => task.Labels.TryGetValue(label.Key, out var value) && value == label.Value);
}

/// <summary>Lists tasks, newest first, page by page.</summary>
internal sealed class TaskList(IConnectionMultiplexer redis)
{
    // Prompts can be long. A page ends early rather than filling the memory, and so does a search that finds little.
    private const int MostCharacters = 8_000_000;
    private const int MostSearched = 2_000;
    private const int AtOnce = 25;

    /// <param name="filter">Which tasks.</param>
    /// <param name="before">Only tasks older than this one; all where it is null.</param>
    /// <param name="limit">Tasks of a page, at most.</param>
    public async Task<Page<TaskView>> ReadAsync(TaskFilter filter, Guid? before, int limit)
    {
        var page = new List<TaskView>();
        var (searched, characters) = (0, 0);
        var last = before;
        while (true)
        {
            var ids = await redis.GetDatabase().SortedSetRangeByValueAsync(
                Index(filter), min: default, max: last is { } id ? id.ToString() : RedisValue.Null, Exclude.Both, Order.Descending, take: AtOnce);
            var tasks = await Task.WhenAll(ids.Select(member => redis.GetDatabase().HashGetAsync(RedisKeys.Task(Guid.Parse(member.ToString())), ["state", "request"])));
            foreach (var (member, fields) in ids.Zip(tasks))
            {
                if (page.Count == limit || characters > MostCharacters || searched == MostSearched)
                {
                    return new(page, last.ToString());
                }

                last = Guid.Parse(member.ToString());
                searched++;
                var task = JsonSerializer.Deserialize((string)fields[0]!, TasksJson.Default.TaskState)!;
                if (filter.Fits(task))
                {
                    characters += ((string)fields[1]!).Length;
                    page.Add(task.ToView(JsonSerializer.Deserialize((string)fields[1]!, ContractsJson.Lenient.TaskRequest)!));
                }
            }

            if (ids.Length < AtOnce)
            {
                return new(page, null);
            }
        }
    }

    // The index that is likely the shortest; the filter sees to the rest.
    private static RedisKey Index(TaskFilter filter) =>
        filter.Labels.Count > 0 ? TaskKeys.Label(filter.Labels[0].Key, filter.Labels[0].Value)
        : filter.Status is { } status ? TaskKeys.Status(status)
        : TaskKeys.All;
}
