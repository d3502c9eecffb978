using System.Diagnostics;
using System.Text.Json;
using CodeAgent.Api.Operations;
using CodeAgent.Api.Queue;
using CodeAgent.Api.Status;
using CodeAgent.Api.Tasks;
using CodeAgent.Contracts;
using CodeAgent.ServiceDefaults.Identity;
using CodeAgent.ServiceDefaults.Problems;
using CodeAgent.ServiceDefaults.Redis;
using CodeAgent.ServiceDefaults.Telemetry;
using Microsoft.Extensions.Options;

namespace CodeAgent.Api.Leases;

/// <summary>Finds work for workers.</summary>
internal sealed partial class LeaseGranter(
    TaskStore tasks, TaskQueue queue, SetAside aside, QueueSignal signal, WorkerRegistry workers, OperationsStore operations, IOptions<LeaseOptions> options, KeySecrets secrets,
    TimeProvider time, ILogger<LeaseGranter> logger) : IDisposable
{
    // More come with the heartbeats.
    private const int MostMessages = 100;

    private readonly SemaphoreSlim _turn = new(1, 1);

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
                signal.Wake(agent);
            }

            throw;
        }
    }

    public void Dispose() => _turn.Dispose();

    private async Task<Lease?> WaitAsync(ClaimRequest claim, CancellationToken cancellationToken)
    {
        var begin = time.GetTimestamp();
        while (true)
        {
            using var waiter = signal.Enter(claim.Agents);
            await workers.SeenAsync(claim);
            if (await FirstAsync(claim, cancellationToken) is { } lease)
            {
                await ToldAsync(claim);
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

    // A look, so that nobody tries for nothing. That nothing is given out once a stop is answered is a condition of the commit.
    private async Task<bool> IsStoppedAsync() => (await operations.ReadAsync()).StoppedAt is not null;

    // The worker has a lease, and must hear of it; that it runs one more, it says itself with the first heartbeat.
    private async Task ToldAsync(ClaimRequest claim)
    {
        try
        {
            await workers.SeenAsync(claim with { Running = claim.Running + 1 });
        }
        catch (Exception e) when (e.MeansRedisIsAway())
        {
            LogNotTold(e.GetType().Name, claim.Worker);
        }
    }

    // One after another in this process: they would all find the same task, and one of them would get it.
    private async Task<Lease?> FirstAsync(ClaimRequest claim, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            while (true)
            {
                var stopped = IsStoppedAsync();
                if (await queue.NextAsync(claim.Agents) is not var (place, id) || await stopped)
                {
                    return null;
                }

                cancellationToken.ThrowIfCancellationRequested();
                if (await TryClaimAsync(place, id, claim.Worker) is { } lease)
                {
                    return lease;
                }
            }
        }
        finally
        {
            _turn.Release();
        }
    }

    private async Task<Lease?> TryClaimAsync(QueuePlace place, Guid id, string worker)
    {
        try
        {
            return await ClaimAsync(place, id, worker) ?? await MissedAsync(place, id, null);
        }
        catch (JsonException e)
        {
            return await MissedAsync(place, id, e);
        }

        async Task<Lease?> MissedAsync(QueuePlace stood, Guid task, JsonException? reason)
        {
            await aside.MendAsync(stood, task, reason);
            return null;
        }
    }

    private async Task<Lease?> ClaimAsync(QueuePlace place, Guid id, string worker)
    {
        var began = time.GetUtcNow();
        var (token, shares) = ("", queue.Shares);
        var decision = await tasks.ChangeAsync(id, new TaskCommand.Claim(worker, options.Value.Ttl), (commit, state) =>
        {
            token = Secret.NewToken(id, state.Fence);
            commit.Do("HSET", RedisKeys.Task(id), $"token:{state.Fence}", secrets.Hash(token));
            commit.EndTurn(place, shares);
            commit.Require(OperationsKeys.State, OperationsKeys.Stopped, 1);
        });
        if (decision is not Decision.Changed(var task, _))
        {
            return null;
        }

        using var span = Span(task, began);
        LogClaimed(id, worker, task.Fence, task.Attempt);
        try
        {
            return await LeaseOfAsync(task, token);
        }
        catch
        {
            await GiveBackAsync(task);
            throw;
        }
    }

    // Nobody was told of the lease. Left to lapse it would count as an attempt, and the worker as lost.
    private async Task GiveBackAsync(TaskState task)
    {
        try
        {
            await tasks.ChangeAsync(task.Id, new TaskCommand.Release(task.Fence, "What belongs to it could not be read."));
        }
        catch (Exception e) when (e.MeansRedisIsAway() || e is ProblemException)
        {
            LogNotGivenBack(e.GetType().Name, task.Fence, task.Id);
        }
    }

    private async Task<Lease> LeaseOfAsync(TaskState task, string token)
    {
        var id = task.Id;
        var checkpoint = await tasks.CheckpointAsync(id);
        return new()
        {
            TaskId = id,
            Fence = task.Fence,
            Attempt = task.Attempt,
            Run = task.Run,
            Token = token,
            LeaseSeconds = options.Value.Ttl.TotalSeconds,

            // The address may have a key in it, and is no business of a program that nobody reviewed.
            Request = (await tasks.RequestAsync(id)) with { Callback = null },
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

    [LoggerMessage(LogLevel.Warning, "Redis is away ({Error}); that {Worker} has a task more is not written now")]
    private partial void LogNotTold(string error, string worker);

    [LoggerMessage(LogLevel.Warning, "Lease {Fence} of task {TaskId} could not be given back ({Error}); it lapses")]
    private partial void LogNotGivenBack(string error, long fence, Guid taskId);

    [LoggerMessage(LogLevel.Information, "Task {TaskId} goes to {Worker} with lease {Fence}, attempt {Attempt}")]
    private partial void LogClaimed(Guid taskId, string worker, long fence, int attempt);
}
