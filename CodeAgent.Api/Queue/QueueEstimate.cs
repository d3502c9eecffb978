using CodeAgent.Api.Tasks;
using CodeAgent.Contracts;
using Microsoft.Extensions.Caching.Memory;
using StackExchange.Redis;

namespace CodeAgent.Api.Queue;

/// <summary>Says where a task stands in the queue, about: who comes next changes with each that is submitted, canceled or done.</summary>
internal sealed class QueueEstimate(IConnectionMultiplexer redis, TaskQueue queue, IMemoryCache recent)
{
    // Who has more than so many neighbours is told a place that is too good.
    private const int MostNeighbours = 100;

    // Many ask for the places of many tasks; of the neighbours it is enough to know how they were a moment ago.
    private static readonly TimeSpan Freshness = TimeSpan.FromSeconds(1);

    private IDatabase Redis => redis.GetDatabase();

    /// <summary>Where it stands; null where it does not wait.</summary>
    public async Task<QueueView?> OfAsync(TaskState task)
    {
        if (task.NotBefore is { } due)
        {
            return new() { NotBefore = due };
        }

        return QueuePlace.IsDue(task) ? new() { Place = await PlaceAsync(QueuePlace.Of(task), QueuePlace.Score(task)) } : null;
    }

    // Of the others, each has as many turns before this one's as it takes this one to come up, or as it has tasks.
    private async Task<long> PlaceAsync(QueuePlace place, double score)
    {
        var lanes = await RecentAsync(QueueKeys.Lanes(place.Agent, place.Tenant, place.Group), NamesAsync);
        var before = await Task.WhenAll(lanes.Select(repository => Redis.SortedSetLengthAsync(
            QueueKeys.Lane(place.Agent, place.Tenant, place.Group, repository), double.NegativeInfinity, score, Exclude.Stop)));
        var turns = before.Sum() + 1;

        var groups = await RecentAsync(QueueKeys.Groups(place.Agent, place.Tenant), turn => SizesAsync(turn, name => QueueKeys.Size(place.Agent, place.Tenant, name)));
        turns += groups.Sum(group => group.Name == place.Group ? 0 : Math.Min(group.Size, turns));

        var weight = queue.Shares.WeightOf(place.Tenant);
        var tenants = await RecentAsync(QueueKeys.Tenants(place.Agent), turn => SizesAsync(turn, name => QueueKeys.Size(place.Agent, name)));
        return turns + tenants.Sum(tenant => tenant.Name == place.Tenant ? 0 : Math.Min(tenant.Size, (long)(turns * queue.Shares.WeightOf(tenant.Name) / weight)));
    }

    private Task<IReadOnlyList<T>> RecentAsync<T>(RedisKey of, Func<RedisKey, Task<IReadOnlyList<T>>> read) => recent.GetOrCreateAsync(of, entry =>
    {
        entry.AbsoluteExpirationRelativeToNow = Freshness;
        return read(of);
    })!;

    private async Task<IReadOnlyList<(string Name, long Size)>> SizesAsync(RedisKey turns, Func<string, RedisValue> field)
    {
        var names = await NamesAsync(turns);
        var sizes = names.Count == 0 ? [] : await Redis.HashGetAsync(QueueKeys.Sizes, [.. names.Select(field)]);
        return [.. names.Zip(sizes, (name, size) => (name, size.IsNull ? 0 : (long)size))];
    }

    private async Task<IReadOnlyList<string>> NamesAsync(RedisKey turns) =>
        [.. (await Redis.SortedSetRangeByRankAsync(turns, 0, MostNeighbours - 1)).Select(name => name.ToString())];
}
