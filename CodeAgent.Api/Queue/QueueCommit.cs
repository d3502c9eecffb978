using System.Globalization;
using CodeAgent.Api.Tasks;
using StackExchange.Redis;

namespace CodeAgent.Api.Queue;

/// <summary>What changes in the queue when a task changes; the scripts of <see cref="TaskCommit"/> do it.</summary>
internal static class QueueCommit
{
    /// <summary>Keeps the queue, the delayed tasks and the counts of those that run in step with the task.</summary>
    public static void MoveInQueue(this TaskCommit commit, TaskState? before, TaskState after)
    {
        var (was, isDue) = (QueuePlace.IsDue(before), QueuePlace.IsDue(after));
        if (was && !isDue)
        {
            commit.Leave(QueuePlace.Of(before!), after.Id);
        }

        if (isDue && !was)
        {
            commit.Enter(after);
        }

        if (before?.NotBefore is not null && after.NotBefore is null)
        {
            commit.Do("ZREM", QueueKeys.Delayed, after.Id.ToString());
        }

        if (after.NotBefore is { } due && due != before?.NotBefore)
        {
            commit.Do("ZADD", QueueKeys.Delayed, due.ToUnixTimeMilliseconds(), after.Id.ToString());
        }

        if (before?.Lease is null != after.Lease is null)
        {
            commit.CountRunning(QueuePlace.Of(after), after.Lease is null ? -1 : 1);
        }

        // A place is free again: under a limit, somebody else may have waited for just that.
        if (before?.Lease is not null && after.Lease is null && !isDue)
        {
            commit.Publish(QueueKeys.Channel, after.Agent);
        }
    }

    /// <summary>Puts a task into the queue, and wakes a worker for it. Nothing happens where it is there already.</summary>
    public static TaskCommit Enter(this TaskCommit commit, TaskState task) => commit
        .Do(TaskCommit.Enter, QueuePlace.Of(task).Keys, [task.Id.ToString(), QueuePlace.Score(task), .. QueuePlace.Of(task).Names])
        .Publish(QueueKeys.Channel, task.Agent);

    /// <summary>Takes a task out of the queue, or what is left of one.</summary>
    public static TaskCommit Leave(this TaskCommit commit, QueuePlace place, Guid id) => commit.Do(TaskCommit.Leave, place.Keys, [id.ToString(), .. place.Names]);

    /// <summary>
    /// Ends the turn of those whose task is taken, unless they have as many tasks running as they may. Who has twice the weight has its
    /// next turn after half as much.
    /// </summary>
    public static void EndTurn(this TaskCommit commit, QueuePlace place, QueueConfig shares)
    {
        commit.Step(QueueKeys.Agents, place.Agent, 1);
        commit.Step(QueueKeys.Tenants(place.Agent), place.Tenant, 1 / shares.WeightOf(place.Tenant));
        commit.Step(QueueKeys.Groups(place.Agent, place.Tenant), place.Group, 1);
        commit.Require(QueueKeys.Running, QueueKeys.RunningOf(place.Tenant), shares.LimitOf(place.Tenant));
        commit.Require(QueueKeys.Running, QueueKeys.RunningOn(place.Repository), shares.LimitOn(place.Repository));
    }

    // Only of those who still have tasks: whoever comes back begins behind the one whose turn it is.
    private static void Step(this TaskCommit commit, RedisKey turns, string name, double step) =>
        commit.Do("ZADD", turns, "XX", "INCR", step.ToString("R", CultureInfo.InvariantCulture), name);

    private static void CountRunning(this TaskCommit commit, QueuePlace place, int step)
    {
        commit.Do(TaskCommit.Count, [QueueKeys.Running], [QueueKeys.RunningOf(place.Tenant), step]);
        if (place.Repository.Length > 0)
        {
            commit.Do(TaskCommit.Count, [QueueKeys.Running], [QueueKeys.RunningOn(place.Repository), step]);
        }
    }
}
