using System.Runtime.CompilerServices;
using System.Text.Json;
using CodeAgent.Api.Events;
using CodeAgent.Api.Tasks;
using CodeAgent.Contracts;
using CodeAgent.ServiceDefaults.Redis;
using StackExchange.Redis;

namespace CodeAgent.Api.Status;

/// <summary>Reads how the system is.</summary>
internal sealed partial class StatusReader(
    IConnectionMultiplexer redis, WorkerRegistry workers, TaskStore tasks, TimeProvider time, ILogger<StatusReader> logger)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);

    public async Task<SystemStatus> ReadAsync()
    {
        var database = redis.GetDatabase();
        var states = Enum.GetValues<TaskStatus>();
        var counts = await Task.WhenAll(states.Select(state => database.SortedSetLengthAsync(TaskKeys.Status(state))));
        var present = await workers.PresentAsync();
        return new()
        {
            At = time.GetUtcNow(),
            Tasks = states.Zip(counts).ToDictionary(pair => TaskIndexes.StatusName(pair.First), pair => pair.Second),
            OldestQueuedAt = await OldestQueuedAtAsync(database),
            Workers = present,
            Unoffered = await UnofferedAsync(database, present),
        };
    }

    /// <summary>Frames of a stream: the status at once and whenever it differs, a comment after so much time without.</summary>
    public async IAsyncEnumerable<string> ChangesAsync(TimeSpan heartbeat, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var said = "";
        var spoke = time.GetTimestamp();
        using var timer = new PeriodicTimer(Interval, time);
        do
        {
            var status = await TryReadAsync();
            if (status is not null && Essence(status) is var essence && essence != said)
            {
                (said, spoke) = (essence, time.GetTimestamp());
                yield return EventStreamResult.Frame("status", JsonSerializer.Serialize(status, ContractsJson.Default.SystemStatus));
            }
            else if (time.GetElapsedTime(spoke) >= heartbeat)
            {
                spoke = time.GetTimestamp();
                yield return EventStreamResult.Comment;
            }
        }
        while (await timer.WaitForNextTickAsync(cancellationToken));
    }

    // What only says that time goes by is no change.
    private static string Essence(SystemStatus status) => JsonSerializer.Serialize(
        status with { At = default, Workers = [.. status.Workers.Select(worker => worker with { LastSeenAt = default })] }, ContractsJson.Default.SystemStatus);

    private async Task<SystemStatus?> TryReadAsync()
    {
        try
        {
            return await ReadAsync();
        }
        catch (Exception e) when (e.MeansRedisIsAway())
        {
            LogAway(e.GetType().Name);
            return null;
        }
    }

    private static async Task<IReadOnlyDictionary<string, long>> UnofferedAsync(IDatabase database, IReadOnlyList<WorkerView> present)
    {
        var agents = TaskRules.Agents.Where(agent => !present.Any(worker => worker.Agents.Contains(agent))).ToList();
        var waiting = await Task.WhenAll(agents.Select(agent => database.SortedSetLengthAsync(TaskKeys.Queue(agent))));
        return agents.Zip(waiting).Where(pair => pair.Second > 0).ToDictionary(pair => pair.First, pair => pair.Second);
    }

    // Ids sort by the time they were made.
    private async Task<DateTimeOffset?> OldestQueuedAtAsync(IDatabase database)
    {
        var oldest = await database.SortedSetRangeByRankAsync(TaskKeys.Status(TaskStatus.Queued), 0, 0);
        return oldest is [var id] ? (await tasks.FindAsync(Guid.Parse(id.ToString())))?.CreatedAt : null;
    }

    [LoggerMessage(LogLevel.Warning, "Redis is away ({Error}); a stream of the status waits for it")]
    private partial void LogAway(string error);
}
