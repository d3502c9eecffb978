using System.Text.Json;
using CodeAgent.Api.Tasks;
using CodeAgent.ServiceDefaults.Redis;
using StackExchange.Redis;

namespace CodeAgent.Api.Queue;

/// <summary>Takes out of the queue what does not belong there, so that it stands in nobody's way.</summary>
internal sealed partial class SetAside(IConnectionMultiplexer redis, ILogger<SetAside> logger)
{
    /// <summary>Looks at a task that could not be claimed though its turn had come. Mostly another was faster, and there is nothing to do.</summary>
    /// <param name="place">Where it stood.</param>
    /// <param name="id">The task.</param>
    /// <param name="unreadable">Why it cannot be read; null where it can.</param>
    public async Task MendAsync(QueuePlace place, Guid id, JsonException? unreadable)
    {
        var database = redis.GetDatabase();
        var fields = await database.HashGetAsync(RedisKeys.Task(id), ["version", "state"]);
        if (await database.SortedSetScoreAsync(place.Keys[^2], id.ToString()) is null || (unreadable is null && Belongs(fields[1], place)))
        {
            return;
        }

        var commit = TaskCommit.Beside(RedisKeys.Task(id), fields[0].IsNull ? 0 : (long)fields[0]).Leave(place, id);
        if (unreadable is not null)
        {
            commit.Do("HSET", QueueKeys.SetAside, id.ToString(), unreadable.Message);
            commit.Do("ZREM", TaskKeys.Status(TaskStatus.Queued), id.ToString());
            commit.Do("ZREM", TaskKeys.Status(TaskStatus.Queued, place.Tenant), id.ToString());
        }

        if (await commit.RunAsync(database) == CommitResult.Done)
        {
            LogSetAside(unreadable, id, place.Agent);
        }
    }

    private static bool Belongs(RedisValue state, QueuePlace place) => !state.IsNull
        && JsonSerializer.Deserialize((string)state!, TasksJson.Default.TaskState) is { } task && QueuePlace.IsDue(task) && QueuePlace.Of(task) == place;

    [LoggerMessage(LogLevel.Error, "Task {TaskId} was in the queue of {Agent}, but nobody can take it: it is out of the queue now")]
    private partial void LogSetAside(Exception? exception, Guid taskId, string agent);
}
