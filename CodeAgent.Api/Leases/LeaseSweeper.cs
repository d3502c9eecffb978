using System.Diagnostics;
using System.Text.Json;
using CodeAgent.Api.Queue;
using CodeAgent.Api.Tasks;
using CodeAgent.ServiceDefaults.Redis;
using CodeAgent.ServiceDefaults.Telemetry;
using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace CodeAgent.Api.Leases;

/// <summary>Puts tasks back whose workers are not heard of any more, and those whose next attempt is due, and ends those that nobody answers. Any number of instances may do so at the same time.</summary>
internal sealed partial class LeaseSweeper(
    IConnectionMultiplexer redis, TaskStore tasks, IOptions<LeaseOptions> options, TimeProvider time, ILogger<LeaseSweeper> logger) : BackgroundService
{
    private const int AtOnce = 100;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        long? answersSince = null;
        var heard = time.GetTimestamp();
        while (!stoppingToken.IsCancellationRequested)
        {
            await Task.Delay(options.Value.SweepInterval, time, stoppingToken);
            try
            {
                await redis.GetDatabase().PingAsync(CommandFlags.DemandMaster);
                if (answersSince is null || time.GetElapsedTime(heard) > options.Value.SweepInterval + (options.Value.Ttl / 4))
                {
                    answersSince = time.GetTimestamp();
                }

                // Nobody could extend a lease while this service or Redis was away or stood still. Workers get the time of one lease to do so.
                if (time.GetElapsedTime(answersSince.Value) >= options.Value.Ttl)
                {
                    await SweepAsync(stoppingToken);
                }

                heard = time.GetTimestamp();
            }
            catch (Exception e) when (e.MeansRedisIsAway())
            {
                if (answersSince is not null)
                {
                    LogAway(e.GetType().Name);
                }

                answersSince = null;
            }
        }
    }

    /// <summary>Looks once.</summary>
    internal async Task SweepAsync(CancellationToken stoppingToken)
    {
        await SweepAsync(TaskKeys.Leases, LapseAsync, stoppingToken);
        await SweepAsync(TaskKeys.Waiting, ExpireAsync, stoppingToken);
        await SweepAsync(QueueKeys.Delayed, DueAsync, stoppingToken);
    }

    private async Task SweepAsync(string index, Func<Guid, CancellationToken, Task> end, CancellationToken stoppingToken)
    {
        var due = await redis.GetDatabase().SortedSetRangeByScoreAsync(index, stop: time.GetUtcNow().ToUnixTimeMilliseconds(), take: AtOnce);
        foreach (var id in due.Select(member => Guid.Parse(member.ToString())))
        {
            try
            {
                await end(id, stoppingToken);
            }
            catch (JsonException e)
            {
                // It would come first each time, and a hundred of them would keep all others from their turn.
                await redis.GetDatabase().HashSetAsync(QueueKeys.SetAside, id.ToString(), e.Message);
                await redis.GetDatabase().SortedSetRemoveAsync(index, id.ToString());
                LogSetAside(e, id);
            }
            catch (Exception e) when (!e.MeansRedisIsAway() && e is not OperationCanceledException)
            {
                // One task that cannot be changed must not keep the others, nor the whole service, from it.
                LogStays(e, id);
            }
        }
    }

    private async Task LapseAsync(Guid id, CancellationToken stoppingToken)
    {
        if (await tasks.ChangeAsync(id, new TaskCommand.Lapse(options.Value.RetryDelays), cancellationToken: stoppingToken) is Decision.Changed(var task, _))
        {
            using var span = CodeAgentTelemetry.Source
                .StartActivity("lease lapse", ActivityKind.Internal, ActivityContext.Parse(task.TraceParent, null))
                ?.SetTag(CodeAgentTelemetry.TaskIdTag, id).SetTag("codeagent.fence", task.Fence);
            LogLapsed(task.Fence, id, TaskIndexes.StatusName(task.Status));
        }
    }

    private Task DueAsync(Guid id, CancellationToken stoppingToken) => tasks.ChangeAsync(id, new TaskCommand.Due(), cancellationToken: stoppingToken);

    private async Task ExpireAsync(Guid id, CancellationToken stoppingToken)
    {
        if (await tasks.ChangeAsync(id, new TaskCommand.Expire(), cancellationToken: stoppingToken) is Decision.Changed)
        {
            LogUnanswered(id);
        }
    }

    [LoggerMessage(LogLevel.Information, "Task {TaskId} failed: nobody answered its question in time")]
    private partial void LogUnanswered(Guid taskId);

    [LoggerMessage(LogLevel.Warning, "Lease {Fence} of task {TaskId} lapsed; the task is {Status} now")]
    private partial void LogLapsed(long fence, Guid taskId, string status);

    [LoggerMessage(LogLevel.Warning, "Redis is away ({Error}); leases get their time again when it is back")]
    private partial void LogAway(string error);

    [LoggerMessage(LogLevel.Error, "The record of task {TaskId}, whose lease or time for an answer is over, cannot be read: it is set aside")]
    private partial void LogSetAside(Exception e, Guid taskId);

    [LoggerMessage(LogLevel.Error, "Task {TaskId}, whose lease or time for an answer is over, could not be changed this time")]
    private partial void LogStays(Exception e, Guid taskId);
}
