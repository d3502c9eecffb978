using System.Text.Json;
using CodeAgent.Api.Callbacks;
using CodeAgent.Api.Events;
using CodeAgent.Api.Queue;
using CodeAgent.Api.Status;
using CodeAgent.Contracts;
using CodeAgent.ServiceDefaults.Redis;

namespace CodeAgent.Api.Tasks;

/// <summary>Turns a change of a task into the writes that keep its hash, its log, the indexes and the listeners in step.</summary>
internal static class TaskIndexes
{
    public static void Write(this TaskCommit commit, TaskState? before, TaskState after, IReadOnlyList<TaskEvent> events)
    {
        var (hash, id) = (RedisKeys.Task(after.Id), after.Id.ToString());
        commit.Do("HSET", hash,
            "state", JsonSerializer.Serialize(after, TasksJson.Default.TaskState),
            "status", StatusName(after.Status),
            "fence", after.Fence);
        WriteLists(commit, before, after, id, tenant: null);
        if (after.Tenant is not null)
        {
            WriteLists(commit, before, after, id, after.Tenant);
        }

        if (before?.Status != after.Status)
        {
            Move(commit, before, after, id);
            commit.Count(before, after);
        }

        commit.MoveInQueue(before, after);

        if (after.Lease is { } lease && lease.ExpiresAt != before?.Lease?.ExpiresAt)
        {
            commit.Do("ZADD", TaskKeys.Leases, lease.ExpiresAt.ToUnixTimeMilliseconds(), id);
        }

        if (before?.Checkpoint is not null && after.Checkpoint is null)
        {
            commit.Do("DEL", TaskKeys.Checkpoint(after.Id));
        }

        commit.WriteCallback(before, after);
        if (events.Count > 0)
        {
            var notice = EventNotice.Of(after.Id, events);
            commit.Do("RPUSH", TaskKeys.Events(after.Id), [.. notice.Events.Select(e => (StackExchange.Redis.RedisValue)e.Json)]);
            commit.Publish(TaskKeys.EventsChannel, notice.ToMessage());
        }
    }

    // What people look for tasks in: the house in the lists of all, a tenant in lists of its own.
    private static void WriteLists(TaskCommit commit, TaskState? before, TaskState after, string id, string? tenant)
    {
        if (before is null)
        {
            commit.Do("ZADD", TaskKeys.All(tenant), 0, id);
            foreach (var (key, value) in after.Labels)
            {
                commit.Do("ZADD", TaskKeys.Label(key, value, tenant), 0, id);
            }
        }
        else if (before.Status != after.Status)
        {
            commit.Do("ZREM", TaskKeys.Status(before.Status, tenant), id);
        }

        if (before?.Status != after.Status)
        {
            commit.Do("ZADD", TaskKeys.Status(after.Status, tenant), 0, id);
        }
    }

    private static void Move(TaskCommit commit, TaskState? before, TaskState after, string id)
    {
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
    }

    /// <summary>The state's name on the wire.</summary>
    public static string StatusName(TaskStatus status) => JsonNamingPolicy.SnakeCaseLower.ConvertName(status.ToString());

    /// <summary>All of them, for people.</summary>
    public static string StatusNames { get; } = string.Join(", ", Enum.GetValues<TaskStatus>().Select(StatusName));

    /// <summary>The state with this name on the wire; null where there is none.</summary>
    public static TaskStatus? TryStatus(string name) =>
        Enum.GetValues<TaskStatus>().Select(status => (TaskStatus?)status).FirstOrDefault(status => StatusName(status!.Value) == name);
}
