using System.Diagnostics;
using CodeAgent.Api.Status;
using CodeAgent.Api.Tasks;
using CodeAgent.Contracts;
using CodeAgent.ServiceDefaults.Identity;
using CodeAgent.ServiceDefaults.Redis;
using CodeAgent.ServiceDefaults.Telemetry;
using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace CodeAgent.Api.Leases;

/// <summary>Finds work for workers.</summary>
internal sealed partial class LeaseGranter(
    IConnectionMultiplexer redis, TaskStore tasks, QueueSignal queue, WorkerRegistry workers, IOptions<LeaseOptions> options, TimeProvider time,
    ILogger<LeaseGranter> logger)
{
    private const int Candidates = 20;

    // More come with the heartbeats.
    private const int MostMessages = 100;

    /// <summary>The first task in the queue that the worker can do; waits for one as long as the worker wants.</summary>
    /// <returns>Null where the time was up.</returns>
    /// <exception cref="OperationCanceledException">The worker left, or the service stops. No lease is lost by that.</exception>
    public async Task<Lease?> GrantAsync(ClaimRequest claim, CancellationToken cancellationToken)
    {
        try
        {
            return await WaitAsync(claim, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            // It may have been woken just before it left: somebody else has to look in its place.
            foreach (var agent in claim.Agents)
            {
                queue.Wake(agent);
            }

            throw;
        }
    }

    private async Task<Lease?> WaitAsync(ClaimRequest claim, CancellationToken cancellationToken)
    {
        var begin = time.GetTimestamp();
        while (true)
        {
            using var waiter = queue.Enter(claim.Agents);
            await workers.SeenAsync(claim);
            if (await FirstAsync(claim, cancellationToken) is { } lease)
            {
                await workers.SeenAsync(claim with { Running = claim.Running + 1 });
                return lease;
            }

            var left = TimeSpan.FromSeconds(claim.WaitSeconds) - time.GetElapsedTime(begin);
            if (left <= TimeSpan.Zero)
            {
                return null;
            }

            await waiter.WaitAsync(left < options.Value.PollInterval ? left : options.Value.PollInterval, time, cancellationToken);
        }
    }

    private async Task<Lease?> FirstAsync(ClaimRequest claim, CancellationToken cancellationToken)
    {
        while (true)
        {
            var candidates = await CandidatesAsync(claim.Agents);
            foreach (var id in candidates)
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (await ClaimAsync(id, claim.Worker) is { } lease)
                {
                    return lease;
                }
            }

            // All of a full look are gone to others by now, so there may be more behind them.
            if (candidates.Count < Candidates)
            {
                return null;
            }
        }
    }

    // The heads of the queues of all its agents, merged by their places.
    private async Task<IReadOnlyList<Guid>> CandidatesAsync(IReadOnlyList<string> agents)
    {
        var heads = await Task.WhenAll(agents.Distinct().Select(agent =>
            redis.GetDatabase().SortedSetRangeByRankWithScoresAsync(TaskKeys.Queue(agent), 0, Candidates - 1)));
        return [.. heads.SelectMany(head => head).OrderBy(entry => entry.Score).ThenBy(entry => (string)entry.Element!, StringComparer.Ordinal)
            .Take(Candidates).Select(entry => Guid.Parse(entry.Element.ToString()))];
    }

    private async Task<Lease?> ClaimAsync(Guid id, string worker)
    {
        var began = time.GetUtcNow();
        var token = "";
        var decision = await tasks.ChangeAsync(id, new TaskCommand.Claim(worker, options.Value.Ttl), (commit, state) =>
        {
            token = Secret.NewToken(id, state.Fence);
            commit.Do("HSET", RedisKeys.Task(id), $"token:{state.Fence}", Secret.Hash(token));
        });
        if (decision is not Decision.Changed(var task, _))
        {
            return null;
        }

        using var span = Span(task, began);
        LogClaimed(id, worker, task.Fence, task.Attempt);
        var checkpoint = await tasks.CheckpointAsync(id);
        return new()
        {
            TaskId = id,
            Fence = task.Fence,
            Attempt = task.Attempt,
            Run = task.Run,
            Token = token,
            LeaseSeconds = options.Value.Ttl.TotalSeconds,
            Request = await tasks.RequestAsync(id),
            Steps = await tasks.StepsAsync(id),
            TraceParent = task.TraceParent,
            Checkpoint = checkpoint,
            Messages = await tasks.MessagesAsync(id, checkpoint?.MessagesSeen ?? 0, MostMessages),
            Work = task.Work,
            Usage = task.Usage,
            SecondsUsed = task.SecondsUsed,
        };
    }

    // Part of the trace that submitted the task, not of the worker's poll.
    private static Activity? Span(TaskState task, DateTimeOffset began) => CodeAgentTelemetry.Source
        .StartActivity("lease claim", ActivityKind.Internal, ActivityContext.Parse(task.TraceParent, null), startTime: began)
        ?.SetTag(CodeAgentTelemetry.TaskIdTag, task.Id)
        .SetTag("codeagent.worker", task.Lease!.Worker)
        .SetTag("codeagent.fence", task.Fence)
        .SetTag("codeagent.attempt", task.Attempt);

    [LoggerMessage(LogLevel.Information, "Task {TaskId} goes to {Worker} with lease {Fence}, attempt {Attempt}")]
    private partial void LogClaimed(Guid taskId, string worker, long fence, int attempt);
}
