using CodeAgent.Api.Tasks;
using StackExchange.Redis;

namespace CodeAgent.Api.Queue;

/// <summary>
/// Where a task stands in the queue. The agents take turns, below each the tenants, below each of those the groups, and the tasks of a
/// group go by priority, then by age. Those of one repository stand in a lane of their own, so that a repository at its limit
/// is passed by in one step, however many of its tasks wait.
/// </summary>
/// <param name="Agent">The agent that it needs.</param>
/// <param name="Tenant">Whose it is; empty for the house's own.</param>
/// <param name="Group">Its value of the label by which the tasks of a tenant take turns; empty without.</param>
/// <param name="Repository">Its repository, as <see cref="RepositoryName"/> has it; empty without.</param>
internal sealed record QueuePlace(string Agent, string Tenant, string Group, string Repository)
{
    // Larger than any time in milliseconds. A hundred times that still leaves a double parts of a millisecond.
    private const double PriorityStep = 1e13;

    /// <summary>From the agent down to the lane; every script that moves a task is given all of them.</summary>
    public RedisKey[] Keys =>
    [
        QueueKeys.Agents, QueueKeys.Tenants(Agent), QueueKeys.Groups(Agent, Tenant), QueueKeys.Lanes(Agent, Tenant, Group),
        QueueKeys.Lane(Agent, Tenant, Group, Repository), QueueKeys.Sizes,
    ];

    /// <summary>What is below each of <see cref="Keys"/>, and under which names the tasks there are counted.</summary>
    public RedisValue[] Names =>
        [Agent, Tenant, Group, Repository, QueueKeys.Size(Agent), QueueKeys.Size(Agent, Tenant), QueueKeys.Size(Agent, Tenant, Group)];

    public static QueuePlace Of(TaskState task) => new(task.Agent, task.Tenant ?? "", task.Group ?? "", task.Repository ?? "");

    /// <summary>Whether a worker may take it now.</summary>
    public static bool IsDue(TaskState? task) => task is { Status: TaskStatus.Queued, NotBefore: null };

    /// <summary>Its score within its lane: higher priorities first, then first come, first served.</summary>
    public static double Score(TaskState task) => (-task.Priority * PriorityStep) + (task.QueuedAt - DateTimeOffset.UnixEpoch).TotalMilliseconds;
}
