using CodeAgent.ServiceDefaults.Redis;
using StackExchange.Redis;

namespace CodeAgent.Api.Queue;

/// <summary>Where the queue is in Redis. Names that people choose are escaped, so that no two of them make one key.</summary>
internal static class QueueKeys
{
    /// <summary>Agents that tasks wait for, by their turn. Turns are numbers that grow: the lowest is next.</summary>
    public const string Agents = RedisKeys.Prefix + "turns";

    /// <summary>A hash: how many tasks wait, by <see cref="Size(string[])"/>.</summary>
    public const string Sizes = RedisKeys.Prefix + "queue-sizes";

    /// <summary>A hash: how many tasks run, by <see cref="RunningOf"/> and <see cref="RunningOn"/>.</summary>
    public const string Running = RedisKeys.Prefix + "running";

    /// <summary>Tasks that wait for their next attempt, by the millisecond at which it is due.</summary>
    public const string Delayed = RedisKeys.Prefix + "delayed";

    /// <summary>A hash: tasks that nobody can read, with the reason. They are in no queue any more.</summary>
    public const string SetAside = RedisKeys.Prefix + "set-aside";

    /// <summary>Channel that says the name of an agent when there may be work for it.</summary>
    public const string Channel = RedisKeys.Prefix + "queue-changed";

    /// <summary>Tenants with tasks for an agent, by their turn.</summary>
    public static RedisKey Tenants(string agent) => $"{Agents}:{agent}";

    /// <summary>Groups of a tenant with tasks for an agent, by their turn.</summary>
    public static RedisKey Groups(string agent, string tenant) => $"{Agents}:{Path(agent, tenant)}";

    /// <summary>Repositories of a group, by the place of the first task in their lanes.</summary>
    public static RedisKey Lanes(string agent, string tenant, string group) => $"{RedisKeys.Prefix}lanes:{Path(agent, tenant, group)}";

    /// <summary>Tasks of a group on one repository, by their place.</summary>
    public static RedisKey Lane(string agent, string tenant, string group, string repository) => $"{RedisKeys.Prefix}lane:{Path(agent, tenant, group, repository)}";

    /// <summary>The field of <see cref="Sizes"/> for an agent, for a tenant below it, or for a group below that.</summary>
    public static RedisValue Size(params string[] names) => Path(names);

    /// <summary>The field of <see cref="Running"/> for a tenant.</summary>
    public static RedisValue RunningOf(string tenant) => $"tenant:{tenant}";

    /// <summary>The field of <see cref="Running"/> for a repository.</summary>
    public static RedisValue RunningOn(string repository) => $"repository:{repository}";

    private static string Path(params string[] names) => string.Join(':', names.Select(Uri.EscapeDataString));
}
