using CodeAgent.ServiceDefaults.Redis;
using StackExchange.Redis;

namespace CodeAgent.Api.Tasks;

/// <summary>Where tasks are in Redis, beside <see cref="RedisKeys.Task"/>. Members of the indexes are ids, which sort by the time they were made.</summary>
internal static class TaskKeys
{
    /// <summary>Index of all tasks: of all there are, or of a tenant's.</summary>
    public static RedisKey All(string? tenant = null) => $"{Of(tenant)}tasks";

    /// <summary>Running tasks by the millisecond at which their lease lapses.</summary>
    public const string Leases = RedisKeys.Prefix + "leases";

    /// <summary>Tasks that wait for an answer, by the millisecond at which they fail without one.</summary>
    public const string Waiting = RedisKeys.Prefix + "waiting";

    /// <summary>Channel of new events: see <see cref="Events.EventNotice"/>.</summary>
    public const string EventsChannel = RedisKeys.Prefix + "task-events";

    /// <summary>A list: the events of a task as JSON, number 1 first.</summary>
    public static RedisKey Events(Guid id) => $"{RedisKeys.Prefix}task:{id:D}:events";

    /// <summary>A list: a task's follow-up messages as JSON, number 1 first.</summary>
    public static RedisKey Messages(Guid id) => $"{RedisKeys.Prefix}task:{id:D}:messages";

    /// <summary>A string: the checkpoint of a task as JSON.</summary>
    public static RedisKey Checkpoint(Guid id) => $"{RedisKeys.Prefix}task:{id:D}:checkpoint";

    /// <summary>A hash: agents that tasks wait for and no worker offers, with the millisecond since when that is so.</summary>
    public const string Unoffered = RedisKeys.Prefix + "agents-unoffered";

    /// <summary>A field of a task's hash: that the request with this id has changed the task, with the <see cref="Contracts.FollowUp"/> that it said, or null.</summary>
    public static string Once(Guid request) => $"once:{request:N}";

    /// <summary>Index of the tasks in a state: of all there are, or of a tenant's.</summary>
    public static RedisKey Status(TaskStatus status, string? tenant = null) => $"{Of(tenant)}tasks:status:{StatusKey(status)}";

    /// <summary>Index of the tasks with a label: of all there are, or of a tenant's. Keys of labels have no colon.</summary>
    public static RedisKey Label(string key, string value, string? tenant = null) => $"{Of(tenant)}tasks:label:{key}:{value}";

    // Names of tenants have no colon.
    private static string Of(string? tenant) => tenant is null ? RedisKeys.Prefix : $"{RedisKeys.Prefix}tenant:{tenant}:";

    private static string StatusKey(TaskStatus status) => status.ToString().ToLowerInvariant();
}
