using CodeAgent.ServiceDefaults.Redis;
using StackExchange.Redis;

namespace CodeAgent.Api.Tasks;

/// <summary>Where tasks are in Redis, beside <see cref="RedisKeys.Task"/>. Members of the indexes are ids, which sort by the time they were made.</summary>
internal static class TaskKeys
{
    /// <summary>Index of all tasks.</summary>
    public const string All = RedisKeys.Prefix + "tasks";

    /// <summary>Running tasks by the millisecond at which their lease lapses.</summary>
    public const string Leases = RedisKeys.Prefix + "leases";

    /// <summary>Tasks that wait for an answer, by the millisecond at which they fail without one.</summary>
    public const string Waiting = RedisKeys.Prefix + "waiting";

    /// <summary>Channel of new events: see <see cref="Events.EventNotice"/>.</summary>
    public const string EventsChannel = RedisKeys.Prefix + "task-events";

    /// <summary>Channel that says the name of an agent when there is work for it.</summary>
    public const string QueueChannel = RedisKeys.Prefix + "queue-changed";

    /// <summary>A list: the events of a task as JSON, number 1 first.</summary>
    public static RedisKey Events(Guid id) => $"{RedisKeys.Prefix}task:{id:D}:events";

    /// <summary>A list: a task's follow-up messages as JSON, number 1 first.</summary>
    public static RedisKey Messages(Guid id) => $"{RedisKeys.Prefix}task:{id:D}:messages";

    /// <summary>A string: the checkpoint of a task as JSON.</summary>
    public static RedisKey Checkpoint(Guid id) => $"{RedisKeys.Prefix}task:{id:D}:checkpoint";

    /// <summary>Tasks that wait for a worker with this agent, the next one first. One queue for each agent, so that work which nobody can do stands in nobody's way.</summary>
    public static RedisKey Queue(string agent) => $"{RedisKeys.Prefix}queue:{agent}";

    /// <summary>A hash: agents that tasks wait for and no worker offers, with the millisecond since when that is so.</summary>
    public const string Unoffered = RedisKeys.Prefix + "agents-unoffered";

    /// <summary>Index of the tasks in a state.</summary>
    public static RedisKey Status(TaskStatus status) => $"{RedisKeys.Prefix}tasks:status:{status}".ToLowerInvariant();

    /// <summary>Index of the tasks with a label. Keys of labels have no colon.</summary>
    public static RedisKey Label(string key, string value) => $"{RedisKeys.Prefix}tasks:label:{key}:{value}";
}
