using System.Diagnostics;
using System.Globalization;
using CodeAgent.Api.Queue;
using CodeAgent.Api.Status;
using CodeAgent.Api.Tasks;
using CodeAgent.Contracts;
using CodeAgent.ServiceDefaults.Problems;
using CodeAgent.ServiceDefaults.Redis;
using CodeAgent.ServiceDefaults.Telemetry;
using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace CodeAgent.Api.Leases;

/// <summary>
/// Fails tasks whose agent no worker offers, so that none waits in silence for ever. Where there is no worker at all, nothing is
/// known of what they will offer, and the tasks wait. Any number of instances may do so at the same time.
/// </summary>
internal sealed partial class AgentSweeper(
    IConnectionMultiplexer redis, TaskStore tasks, TaskQueue queue, WorkerRegistry workers, IOptions<LeaseOptions> options, TimeProvider time, ILogger<AgentSweeper> logger) : BackgroundService
{
    private const int AtOnce = 100;
    private static readonly TimeSpan LongestInterval = TimeSpan.FromSeconds(10);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var patience = options.Value.AgentPatience;
        using var timer = new PeriodicTimer(patience / 4 < LongestInterval ? patience / 4 : LongestInterval, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await SweepAsync(stoppingToken);
            }
            catch (Exception e) when (e.MeansRedisIsAway())
            {
                LogAway(e.GetType().Name);
            }
        }
    }

    private async Task SweepAsync(CancellationToken stoppingToken)
    {
        var offered = (await workers.PresentAsync()).SelectMany(worker => worker.Agents).ToHashSet(StringComparer.Ordinal);
        foreach (var agent in TaskRules.Agents)
        {
            if (offered.Count == 0 || offered.Contains(agent))
            {
                await redis.GetDatabase().HashDeleteAsync(TaskKeys.Unoffered, agent);
            }
            else
            {
                await SweepAsync(agent, offered, stoppingToken);
            }
        }
    }

    private async Task SweepAsync(string agent, HashSet<string> offered, CancellationToken stoppingToken)
    {
        var (database, now) = (redis.GetDatabase(), time.GetUtcNow());
        await database.HashSetAsync(TaskKeys.Unoffered, agent, now.ToUnixTimeMilliseconds(), When.NotExists);
        var since = (long?)await database.HashGetAsync(TaskKeys.Unoffered, agent) ?? now.ToUnixTimeMilliseconds();
        if (now - DateTimeOffset.FromUnixTimeMilliseconds(since) < options.Value.AgentPatience)
        {
            return;
        }

        var failure = new TaskFailure(FailureCodes.AgentUnavailable, string.Create(CultureInfo.InvariantCulture,
            $"No worker has offered the agent '{agent}' for {options.Value.AgentPatience.TotalMinutes:0.#} minutes. Those that are there offer {string.Join(", ", offered.Order(StringComparer.Ordinal))}."));
        foreach (var id in await queue.SomeAsync(agent, AtOnce))
        {
            try
            {
                if (await tasks.FindReadableAsync(id) is { } task && now - (task.RequeuedAt ?? task.QueuedAt) >= options.Value.AgentPatience)
                {
                    await GiveUpAsync(task, failure, stoppingToken);
                }
            }
            catch (ProblemException e)
            {
                // One that others change all the time must not keep the others, nor the whole service, from it.
                LogStays(e, id);
            }
        }
    }

    private async Task GiveUpAsync(TaskState task, TaskFailure failure, CancellationToken stoppingToken)
    {
        using var span = CodeAgentTelemetry.Source
            .StartActivity("task give up", ActivityKind.Internal, ActivityContext.Parse(task.TraceParent, null))?.SetTag(CodeAgentTelemetry.TaskIdTag, task.Id);
        if (await tasks.ChangeAsync(task.Id, new TaskCommand.GiveUp(failure), cancellationToken: stoppingToken) is Decision.Changed)
        {
            LogGivenUp(task.Id, task.Agent);
        }
    }

    [LoggerMessage(LogLevel.Warning, "Task {TaskId} fails: no worker offers its agent {Agent}")]
    private partial void LogGivenUp(Guid taskId, string agent);

    [LoggerMessage(LogLevel.Warning, "Task {TaskId}, which no worker can do, could not be changed this time")]
    private partial void LogStays(Exception e, Guid taskId);

    [LoggerMessage(LogLevel.Warning, "Redis is away ({Error}); tasks that nobody can do are looked for again when it is back")]
    private partial void LogAway(string error);
}
