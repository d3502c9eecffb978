using System.Text.Json;
using CodeAgent.Api.Tasks;
using CodeAgent.ServiceDefaults.Redis;
using StackExchange.Redis;

namespace CodeAgent.Api.Queue;

/// <summary>
/// Takes tasks over from the queue as it was before there were tenants: one sorted set an agent. Each goes on its own, under its
/// version, so any number of instances may do so at the same time, and be killed while they do.
/// </summary>
internal sealed partial class OldQueue(IConnectionMultiplexer redis, TimeProvider time, ILogger<OldQueue> logger) : BackgroundService
{
    private const int AtOnce = 100;
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var told = false;
        using var timer = new PeriodicTimer(Pause, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                foreach (var agent in TaskRules.Agents)
                {
                    await TakeOverAsync($"{RedisKeys.Prefix}queue:{agent}", stoppingToken);
                }

                return;
            }
            catch (Exception e) when (e.MeansRedisIsAway())
            {
                if (!told)
                {
                    LogAway(e.GetType().Name);
                }

                told = true;
            }
        }
    }

    private async Task TakeOverAsync(RedisKey old, CancellationToken stoppingToken)
    {
        while (await redis.GetDatabase().SortedSetRangeByRankAsync(old, 0, AtOnce - 1) is { Length: > 0 } members)
        {
            foreach (var member in members)
            {
                stoppingToken.ThrowIfCancellationRequested();
                await TakeOverAsync(old, member);
            }

            LogTakenOver(members.Length, old.ToString());
        }
    }

    private async Task TakeOverAsync(RedisKey old, RedisValue member)
    {
        var key = RedisKeys.Task(Guid.Parse(member.ToString()));
        var fields = await redis.GetDatabase().HashGetAsync(key, ["version", "state"]);
        var commit = TaskCommit.Beside(key, fields[0].IsNull ? 0 : (long)fields[0]).Do("ZREM", old, member);
        try
        {
            if (!fields[1].IsNull && TaskStore.StateOf(fields[1]) is var task && QueuePlace.IsDue(task))
            {
                commit.Enter(task);
            }
        }
        catch (JsonException e)
        {
            commit.Do("HSET", QueueKeys.SetAside, member, e.Message);
            LogUnreadable(e, member.ToString());
        }

        await commit.RunAsync(redis.GetDatabase());
    }

    [LoggerMessage(LogLevel.Information, "{Count} tasks were taken over from {Key}, the queue of an earlier version")]
    private partial void LogTakenOver(int count, string key);

    [LoggerMessage(LogLevel.Error, "Task {TaskId} was in the queue of an earlier version, but its record cannot be read: it is in no queue now")]
    private partial void LogUnreadable(Exception e, string taskId);

    [LoggerMessage(LogLevel.Warning, "Redis is away ({Error}); whether an earlier version left tasks in its queue is looked up when it is back")]
    private partial void LogAway(string error);
}
