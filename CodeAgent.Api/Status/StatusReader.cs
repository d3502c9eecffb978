using CodeAgent.Api.Operations;
using CodeAgent.Api.Queue;
using CodeAgent.Api.Tasks;
using CodeAgent.Contracts;
using StackExchange.Redis;

namespace CodeAgent.Api.Status;

/// <summary>Reads how the system is.</summary>
internal sealed class StatusReader(
    IConnectionMultiplexer redis, WorkerRegistry workers, TaskStore tasks, TaskQueue queue, OperationsStore operations, TimeProvider time)
{
    /// <summary>The status as somebody of a tenant sees it: what is its own, and nothing of the workers and queues that all share. Null is the house itself.</summary>
    public async Task<SystemStatus> ReadAsync(string? tenant)
    {
        var (database, now) = (redis.GetDatabase(), time.GetUtcNow());
        var states = Enum.GetValues<TaskStatus>();
        var counts = Task.WhenAll(states.Select(state => database.SortedSetLengthAsync(TaskKeys.Status(state, tenant))));
        var oldest = OldestAsync(database, tenant);
        var operated = operations.ViewAsync();
        var rates = TaskRates.ReadAsync(database, tenant, now);
        var status = new SystemStatus
        {
            At = now,
            State = (await operated).State,
            Tasks = states.Zip(await counts).ToDictionary(pair => TaskIndexes.StatusName(pair.First), pair => pair.Second),
            OldestQueuedAt = (await oldest)?.CreatedAt,
            OldestQueuedId = (await oldest)?.Id,
            Rates = await rates,
            Workers = [],
        };
        return tenant is null ? await WithSharedAsync(status with { Operations = await operated }) : status;
    }

    private async Task<SystemStatus> WithSharedAsync(SystemStatus status)
    {
        var lengths = queue.LengthsAsync(TaskRules.Agents);
        var present = await workers.PresentAsync();
        var waiting = (await lengths).Where(pair => pair.Value > 0).ToDictionary();
        return status with
        {
            Queue = waiting,
            Workers = present,
            Unoffered = waiting.Where(pair => !present.Any(worker => worker.Agents.Contains(pair.Key))).ToDictionary(),
        };
    }

    // Ids sort by the time they were made.
    private async Task<TaskState?> OldestAsync(IDatabase database, string? tenant)
    {
        var oldest = await database.SortedSetRangeByRankAsync(TaskKeys.Status(TaskStatus.Queued, tenant), 0, 0);
        return oldest is [var id] ? await tasks.FindReadableAsync(Guid.Parse(id.ToString())) : null;
    }
}
