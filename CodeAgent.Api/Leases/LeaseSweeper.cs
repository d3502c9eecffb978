using System.Diagnostics;
using CodeAgent.Api.Tasks;
using CodeAgent.ServiceDefaults.Redis;
using CodeAgent.ServiceDefaults.Telemetry;
using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace CodeAgent.Api.Leases;

/// <summary>Puts tasks back whose workers are not heard of any more. Any number of instances may do so at the same time.</summary>
internal sealed partial class LeaseSweeper(
    IConnectionMultiplexer redis, TaskStore tasks, IOptions<LeaseOptions> options, TimeProvider time, ILogger<LeaseSweeper> logger) : BackgroundService
{
    private const int AtOnce = 100;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var heard = false;
        while (!stoppingToken.IsCancellationRequested)
        {
            // Nobody could extend a lease while this service or Redis was away. Workers get the time of one lease to do so.
            await Task.Delay(heard ? options.Value.SweepInterval : options.Value.Ttl, time, stoppingToken);
            try
            {
                await SweepAsync(stoppingToken);
                heard = true;
            }
            catch (Exception e) when (e.MeansRedisIsAway())
            {
                if (heard)
                {
                    LogAway(e.GetType().Name);
                }

                heard = false;
            }
        }
    }

    private async Task SweepAsync(CancellationToken stoppingToken)
    {
        var lapsed = await redis.GetDatabase().SortedSetRangeByScoreAsync(
            TaskKeys.Leases, stop: time.GetUtcNow().ToUnixTimeMilliseconds(), take: AtOnce);
        foreach (var id in lapsed.Select(member => Guid.Parse(member.ToString())))
        {
            try
            {
                await LapseAsync(id, stoppingToken);
            }
            catch (Exception e) when (!e.MeansRedisIsAway() && e is not OperationCanceledException)
            {
                // One task that cannot be put back must not keep the others, nor the whole service, from it.
                LogStays(e, id);
            }
        }
    }

    private async Task LapseAsync(Guid id, CancellationToken stoppingToken)
    {
        if (await tasks.ChangeAsync(id, new TaskCommand.Lapse(), cancellationToken: stoppingToken) is Decision.Changed(var task, _))
        {
            using var span = CodeAgentTelemetry.Source
                .StartActivity("lease lapse", ActivityKind.Internal, ActivityContext.Parse(task.TraceParent, null))
                ?.SetTag(CodeAgentTelemetry.TaskIdTag, id).SetTag("codeagent.fence", task.Fence);
            LogLapsed(task.Fence, id, TaskIndexes.StatusName(task.Status));
        }
    }

    [LoggerMessage(LogLevel.Warning, "Lease {Fence} of task {TaskId} lapsed; the task is {Status} now")]
    private partial void LogLapsed(long fence, Guid taskId, string status);

    [LoggerMessage(LogLevel.Warning, "Redis is away ({Error}); leases get their time again when it is back")]
    private partial void LogAway(string error);

    [LoggerMessage(LogLevel.Error, "The lapsed lease of task {TaskId} could not be ended this time")]
    private partial void LogStays(Exception e, Guid taskId);
}
