using CodeAgent.Api.Events;
using CodeAgent.Api.Operations;
using CodeAgent.Api.Status;
using CodeAgent.Api.Tasks;
using CodeAgent.Contracts;
using Microsoft.Extensions.Options;

namespace CodeAgent.Api.Leases;

/// <summary>Extends leases, and tells their workers what people want of them.</summary>
internal sealed class LeaseNews(
    TaskStore tasks, EventHub hub, WorkerRegistry workers, OperationsWatch operations, IHostApplicationLifetime lifetime,
    IOptions<LeaseOptions> options, IOptions<OperationsOptions> drain, TimeProvider time)
{
    // More come with the next heartbeat.
    private const int MostMessages = 20;

    /// <summary>Extends the lease at once, then waits for news, at most half of the lease's time, so that it cannot lapse meanwhile.</summary>
    /// <exception cref="ServiceDefaults.Problems.ProblemException">409 where the lease is lost, before or while waiting.</exception>
    public async Task<HeartbeatResponse> WaitAsync(Guid id, long fence, HeartbeatRequest request, CancellationToken cancellationToken)
    {
        using var watch = hub.Watch(id);
        var begin = time.GetTimestamp();
        var heartbeat = new TaskCommand.Heartbeat(fence, options.Value.Ttl);
        var task = (await tasks.ChangeAsync(id, heartbeat, cancellationToken: cancellationToken)).Require();
        await workers.SeenAsync(task.Lease!.Worker);
        var limit = TimeSpan.FromSeconds(Math.Min(request.WaitSeconds, options.Value.Ttl.TotalSeconds / 2));
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, lifetime.ApplicationStopping);
        while (!task.CancelRequested && task.Messages <= request.MessagesSeen && limit - time.GetElapsedTime(begin) is { Ticks: > 0 } left)
        {
            try
            {
                var news = await watch.NextAsync(left, time, either.Token);
                if (news.Count > 0 && !news.Any(IsForWorker))
                {
                    continue;
                }
            }
            catch (OperationCanceledException) when (lifetime.ApplicationStopping.IsCancellationRequested)
            {
                // The next heartbeat goes to another instance.
                limit = TimeSpan.Zero;
            }

            task = await tasks.FindAsync(id) ?? throw TaskProblems.NotFound();
            if (task.Lease is null || task.Fence != fence)
            {
                throw LeaseCaller.Lost();
            }
        }

        return new()
        {
            LeaseSeconds = Math.Max(0, (task.Lease.ExpiresAt - time.GetUtcNow()).TotalSeconds),
            CancelRequested = task.CancelRequested,
            Messages = task.Messages > request.MessagesSeen ? await tasks.MessagesAsync(id, request.MessagesSeen, MostMessages) : [],
            Drain = operations.Current.OrderFor(task.Lease.ClaimedAt, time.GetUtcNow(), drain.Value.Grace),
        };
    }

    // The Api's own events are changes of state: a cancel, a message, the end of the lease. The rest comes from the worker itself.
    private static bool IsForWorker(LoggedEvent e) => e.Type.StartsWith("task.", StringComparison.Ordinal);
}
