using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using CodeAgent.Api.Repositories;
using CodeAgent.ServiceDefaults.Configuration;
using CodeAgent.ServiceDefaults.Redis;
using CodeAgent.ServiceDefaults.Telemetry;

namespace CodeAgent.Api.Callbacks;

/// <summary>
/// Delivers callbacks, each at least once. Any number of instances may do so at the same time: who claims a callback has it until
/// it is settled, or until the claim is over.
/// </summary>
internal sealed partial class CallbackDispatcher(
    CallbackQueue queue, CallbackSender sender, CallbackSignal signal, ConfigFile<ApiConfig> file, TimeProvider time, ILogger<CallbackDispatcher> logger) : BackgroundService
{
    private const int MostReceivers = 10_000;
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Crowded = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan ClaimMargin = TimeSpan.FromSeconds(20);

    private readonly ConcurrentDictionary<string, CallbackReceiver> _receivers = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, int> _underWayOf = new(StringComparer.Ordinal);
    private int _underWay;

    /// <summary>Starts what is due and has room.</summary>
    /// <returns>When to look again, unless there is news before.</returns>
    public async Task<TimeSpan> StartDueAsync(CancellationToken stoppingToken)
    {
        var (config, now) = (file.Current.Callbacks, time.GetUtcNow());
        foreach (var name in await queue.DueAsync(now))
        {
            var receiver = _receivers.GetOrAdd(name, _ => new(time));
            if (receiver.RestsUntil is { } end)
            {
                await queue.RestAsync(name, end);
                continue;
            }

            // A tenant has half the places at most: its receivers may be slow, and as many as it likes.
            var tenant = CallbackOutbox.TenantOf(name);
            var share = tenant is null ? config.AtOnce : ((config.AtOnce + 1) / 2) - _underWayOf.GetValueOrDefault(tenant);
            if (share <= 0)
            {
                await queue.RestAsync(name, now + Crowded);
                continue;
            }

            var room = Math.Min(Math.Min(share, receiver.Free(config.AtOncePerReceiver)), config.AtOnce - Volatile.Read(ref _underWay));
            if (room > 0)
            {
                foreach (var claim in await queue.ClaimAsync(name, room, now, config.Timeout + ClaimMargin))
                {
                    Enter(receiver, tenant);
                    _ = DeliverAsync(receiver, claim, stoppingToken);
                }
            }
        }

        Forget();
        return await queue.NextAsync(now) is { } next && next - now < Longest ? next - now : Longest;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (!stoppingToken.IsCancellationRequested)
            {
                await signal.WaitAsync(await LookAsync(stoppingToken), stoppingToken);
            }
        }
        finally
        {
            // What is under way is given back, which needs Redis.
            while (Volatile.Read(ref _underWay) > 0)
            {
                await signal.WaitAsync(Longest, CancellationToken.None);
            }
        }
    }

    private async Task<TimeSpan> LookAsync(CancellationToken stoppingToken)
    {
        try
        {
            return await StartDueAsync(stoppingToken);
        }
        catch (Exception e) when (e.MeansRedisIsAway())
        {
            LogAway(e.GetType().Name);
            return Longest;
        }
    }

    private async Task DeliverAsync(CallbackReceiver receiver, CallbackClaim claim, CancellationToken stoppingToken)
    {
        try
        {
            await TryAsync(receiver, claim, stoppingToken);
        }
        catch (Exception e) when (e.MeansRedisIsAway())
        {
            // It is due again when the claim is over.
            LogAway(e.GetType().Name);
        }
        catch (Exception e)
        {
            // One callback that cannot be handled must not keep the others.
            LogFailed(e, claim.Id);
        }
        finally
        {
            Leave(receiver, CallbackOutbox.TenantOf(claim.Receiver));
            signal.Ring();
        }
    }

    private void Enter(CallbackReceiver receiver, string? tenant)
    {
        receiver.Enter();
        Interlocked.Increment(ref _underWay);
        if (tenant is not null)
        {
            _underWayOf.AddOrUpdate(tenant, 1, static (_, count) => count + 1);
        }
    }

    private void Leave(CallbackReceiver receiver, string? tenant)
    {
        receiver.Leave();
        Interlocked.Decrement(ref _underWay);
        if (tenant is not null && _underWayOf.AddOrUpdate(tenant, 0, static (_, count) => count - 1) == 0)
        {
            _underWayOf.TryRemove(new(tenant, 0));
        }
    }

    [SuppressMessage("Security", "CA5394", Justification = "Whoever can foresee when a callback comes again gains nothing.")]
    private async Task TryAsync(CallbackReceiver receiver, CallbackClaim claim, CancellationToken stoppingToken)
    {
        if (await queue.ReadAsync(claim.Id) is not { } callback)
        {
            await queue.RemoveAsync(claim);
            return;
        }

        var (config, began) = (file.Current.Callbacks, time.GetUtcNow());
        using var span = CodeAgentTelemetry.Source.StartActivity("task callback", ActivityKind.Client, ParentOf(callback))?.SetTag(CodeAgentTelemetry.TaskIdTag, callback.Task);
        var reply = await AskAsync(receiver, callback, config, began, stoppingToken);
        if (reply is null)
        {
            await queue.ReleaseAsync(claim, began);
            return;
        }

        var attempt = CallbackSchedule.Judge(callback, reply, config, began, time.GetUtcNow(), Random.Shared.NextDouble());
        await queue.SettleAsync(claim, callback.Task, attempt);
        if (attempt.Outcome != CallbackOutcomes.Delivered)
        {
            span?.SetStatus(ActivityStatusCode.Error, attempt.Outcome);
            LogNotDelivered(callback.Id, callback.Task, attempt.Attempt, attempt.Status, attempt.Error, attempt.Outcome);
        }
    }

    private async Task<CallbackReply?> AskAsync(CallbackReceiver receiver, Callback callback, CallbackConfig config, DateTimeOffset now, CancellationToken stoppingToken)
    {
        if (now - callback.At > config.GiveUpAfter)
        {
            return new(null, "Its time was over before it could be tried again: the receiver had failed with others.");
        }

        try
        {
            return await receiver.AskAsync(stop => sender.SendAsync(callback, config, stop), stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Another instance goes on with it.
            return null;
        }
    }

    private static ActivityContext ParentOf(Callback callback) => ActivityContext.TryParse(callback.TraceParent, null, out var parent) ? parent : default;

    private void Forget()
    {
        if (_receivers.Count > MostReceivers)
        {
            foreach (var (name, _) in _receivers.Where(receiver => receiver.Value.IsForgettable))
            {
                _receivers.TryRemove(name, out _);
            }
        }
    }

    [LoggerMessage(LogLevel.Warning, "Callback {Callback} of task {TaskId}: attempt {Attempt} was answered {Status} {Error}: {Outcome}")]
    private partial void LogNotDelivered(string callback, Guid taskId, int attempt, int? status, string? error, string outcome);

    [LoggerMessage(LogLevel.Warning, "Redis is away ({Error}); callbacks wait for it")]
    private partial void LogAway(string error);

    [LoggerMessage(LogLevel.Error, "Callback {Callback} could not be handled this time")]
    private partial void LogFailed(Exception e, string callback);
}
