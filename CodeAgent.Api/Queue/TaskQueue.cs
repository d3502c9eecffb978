using System.Collections.Frozen;
using CodeAgent.Api.Repositories;
using CodeAgent.ServiceDefaults.Configuration;
using StackExchange.Redis;

namespace CodeAgent.Api.Queue;

/// <summary>
/// Looks into the queue. Whatever is at its limit is passed by: a tenant in one step, a repository in one step. As many repositories
/// at most are at their limit as tasks run, so a look costs no more for a million tasks that wait than for one, but the logarithm.
/// </summary>
internal sealed class TaskQueue(IConnectionMultiplexer redis, ConfigFile<ApiConfig> config)
{
    private const int AtOnce = 16;

    private IDatabase Redis => redis.GetDatabase();

    /// <summary>Who gets how much, as it is configured now.</summary>
    public QueueConfig Shares => config.Current.Queue;

    /// <summary>The task whose turn it is, of those that need one of <paramref name="agents"/>; null where none may run.</summary>
    public async Task<(QueuePlace Place, Guid Id)?> NextAsync(IReadOnlyList<string> agents)
    {
        var shares = Shares;
        var (running, turns) = (RunningAsync(), Redis.SortedSetRangeByRankAsync(QueueKeys.Agents));
        var counts = await running;
        foreach (var agent in (await turns).Select(name => name.ToString()).Where(agents.Contains))
        {
            await foreach (var tenant in NamesAsync(QueueKeys.Tenants(agent)))
            {
                if (counts.GetValueOrDefault(QueueKeys.RunningOf(tenant).ToString()) < (shares.LimitOf(tenant) ?? int.MaxValue)
                    && await NextAsync(agent, tenant, shares, counts) is { } next)
                {
                    return next;
                }
            }
        }

        return null;
    }

    /// <summary>Some of the tasks for an agent, whoever's turn it is, and whether or not they may run.</summary>
    public async Task<IReadOnlyList<Guid>> SomeAsync(string agent, int count)
    {
        var some = new List<Guid>();
        await foreach (var tenant in NamesAsync(QueueKeys.Tenants(agent)))
        {
            await foreach (var group in NamesAsync(QueueKeys.Groups(agent, tenant)))
            {
                await foreach (var repository in NamesAsync(QueueKeys.Lanes(agent, tenant, group)))
                {
                    var ids = await Redis.SortedSetRangeByRankAsync(QueueKeys.Lane(agent, tenant, group, repository), 0, count - some.Count - 1);
                    some.AddRange(ids.Select(id => Guid.Parse(id.ToString())));
                    if (some.Count >= count)
                    {
                        return some;
                    }
                }
            }
        }

        return some;
    }

    /// <summary>How many tasks wait for each of <paramref name="agents"/>.</summary>
    public async Task<IReadOnlyDictionary<string, long>> LengthsAsync(IReadOnlyList<string> agents)
    {
        var sizes = await Redis.HashGetAsync(QueueKeys.Sizes, [.. agents.Select(agent => QueueKeys.Size(agent))]);
        return agents.Zip(sizes).ToDictionary(pair => pair.First, pair => pair.Second.IsNull ? 0 : (long)pair.Second);
    }

    private async Task<(QueuePlace Place, Guid Id)?> NextAsync(string agent, string tenant, QueueConfig shares, FrozenDictionary<string, int> counts)
    {
        await foreach (var group in NamesAsync(QueueKeys.Groups(agent, tenant)))
        {
            await foreach (var repository in NamesAsync(QueueKeys.Lanes(agent, tenant, group)))
            {
                if (counts.GetValueOrDefault(QueueKeys.RunningOn(repository).ToString()) < (shares.LimitOn(repository) ?? int.MaxValue)
                    && await Redis.SortedSetRangeByRankAsync(QueueKeys.Lane(agent, tenant, group, repository), 0, 0) is [var id])
                {
                    return (new(agent, tenant, group, repository), Guid.Parse(id.ToString()));
                }
            }
        }

        return null;
    }

    private async Task<FrozenDictionary<string, int>> RunningAsync() =>
        (await Redis.HashGetAllAsync(QueueKeys.Running)).ToFrozenDictionary(entry => entry.Name.ToString(), entry => (int)entry.Value);

    // From the one that is next, some at a time: mostly the first one is it.
    private async IAsyncEnumerable<string> NamesAsync(RedisKey turns)
    {
        for (var from = 0; ; from += AtOnce)
        {
            var names = await Redis.SortedSetRangeByRankAsync(turns, from, from + AtOnce - 1);
            foreach (var name in names)
            {
                yield return name.ToString();
            }

            if (names.Length < AtOnce)
            {
                yield break;
            }
        }
    }
}
