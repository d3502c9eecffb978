using System.Text.Json;
using CodeAgent.Api.Events;
using CodeAgent.Contracts;
using CodeAgent.ServiceDefaults.Redis;

namespace CodeAgent.Api.Tasks;

/// <summary>Turns a change of a task into the writes that keep its hash, its log, the indexes and the listeners in step.</summary>
internal static class TaskIndexes
{
    // Larger than any time in milliseconds. A hundred times that still leaves a double parts of a millisecond.
    private const double PriorityStep = 1e13;

    public static void Write(this TaskCommit commit, TaskState? before, TaskState after, IReadOnlyList<TaskEvent> events)
    {
        var (hash, id) = (RedisKeys.Task(after.Id), after.Id.ToString());
        commit.Do("HSET", hash,
            "state", JsonSerializer.Serialize(after, TasksJson.Default.TaskState),
            "status", StatusName(after.Status),
            "fence", after.Fence);
        if (before is null)
        {
            commit.Do("ZADD", TaskKeys.All, 0, id);
            foreach (var (key, value) in after.Labels)
            {
                commit.Do("ZADD", TaskKeys.Label(key, value), 0, id);
            }
        }

        if (before?.Status != after.Status)
        {
            Move(commit, before, after, id);
        }

        if (after.Lease is { } lease && lease.ExpiresAt != before?.Lease?.ExpiresAt)
        {
            commit.Do("ZADD", TaskKeys.Leases, lease.ExpiresAt.ToUnixTimeMilliseconds(), id);
        }

        if (before?.Checkpoint is not null && after.Checkpoint is null)
        {
            commit.Do("DEL", TaskKeys.Checkpoint(after.Id));
        }

        if (events.Count > 0)
        {
            var notice = EventNotice.Of(after.Id, events);
            commit.Do("RPUSH", TaskKeys.Events(after.Id), [.. notice.Events.Select(e => (StackExchange.Redis.RedisValue)e.Json)]);
            commit.Publish(TaskKeys.EventsChannel, notice.ToMessage());
        }
    }

    private static void Move(TaskCommit commit, TaskState? before, TaskState after, string id)
    {
        if (before is not null)
        {
            commit.Do("ZREM", TaskKeys.Status(before.Status), id);
        }

        commit.Do("ZADD", TaskKeys.Status(after.Status), 0, id);
        if (before?.Status == TaskStatus.Queued)
        {
            commit.Do("ZREM", TaskKeys.Queue(before.Agent), id);
        }

        if (before?.Status == TaskStatus.Running)
        {
            commit.Do("ZREM", TaskKeys.Leases, id);
        }

        if (before?.Status == TaskStatus.AwaitingInput)
        {
            commit.Do("ZREM", TaskKeys.Waiting, id);
        }

        if (after.Question?.ExpiresAt is { } end)
        {
            commit.Do("ZADD", TaskKeys.Waiting, end.ToUnixTimeMilliseconds(), id);
        }

        if (after.Status == TaskStatus.Queued)
        {
            commit.Do("ZADD", TaskKeys.Queue(after.Agent), Place(after), id);
            commit.Publish(TaskKeys.QueueChannel, after.Agent);
        }
    }

    /// <summary>Higher priorities first, then first come, first served.</summary>
    public static double Place(TaskState task) => (-task.Priority * PriorityStep) + (task.QueuedAt - DateTimeOffset.UnixEpoch).TotalMilliseconds;

    /// <summary>The state's name on the wire.</summary>
    public static string StatusName(TaskStatus status) => JsonNamingPolicy.SnakeCaseLower.ConvertName(status.ToString());

    /// <summary>All of them, for people.</summary>
    public static string StatusNames { get; } = string.Join(", ", Enum.GetValues<TaskStatus>().Select(StatusName));

    /// <summary>The state with this name on the wire; null where there is none.</summary>
    public static TaskStatus? TryStatus(string name) =>
        Enum.GetValues<TaskStatus>().Select(status => (TaskStatus?)status).FirstOrDefault(status => StatusName(status!.Value) == name);
}
