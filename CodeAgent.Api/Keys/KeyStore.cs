using System.Text.Json;
using CodeAgent.ServiceDefaults.Identity;
using CodeAgent.ServiceDefaults.Redis;
using StackExchange.Redis;

namespace CodeAgent.Api.Keys;

/// <summary>
/// The keys in Redis. Who authenticates asks by the key's hash (<see cref="RedisKeys.ApiKey"/>); a hash beside it,
/// <c>codeagent:keys</c>, has the ids with those hashes, so that keys can be listed and revoked by id.
/// </summary>
internal sealed class KeyStore(IConnectionMultiplexer redis)
{
    private static readonly RedisKey Index = RedisKeys.Prefix + "keys";

    private static readonly RedisScript Add = new("key add", """
        redis.call('SET', KEYS[2], ARGV[3])
        redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
        return 1
        """);

    private static readonly RedisScript Remove = new("key remove", """
        redis.call('DEL', KEYS[2])
        return redis.call('HDEL', KEYS[1], ARGV[1])
        """);

    /// <summary>Keeps a key. It is good from now on.</summary>
    public async Task AddAsync(KeyRecord key, string secret)
    {
        var hash = Secret.Hash(secret);
        await Add.RunAsync(redis.GetDatabase(), [Index, RedisKeys.ApiKey(hash)],
            [key.Id, hash, JsonSerializer.Serialize(key, IdentityJson.Default.KeyRecord)]);
    }

    /// <summary>Revokes a key. It is good for nothing from now on.</summary>
    /// <returns>Whether there was such a key.</returns>
    public async Task<bool> RemoveAsync(string id)
    {
        var database = redis.GetDatabase();
        string? hash = await database.HashGetAsync(Index, id);
        return hash is not null && (bool)await Remove.RunAsync(database, [Index, RedisKeys.ApiKey(hash)], [id]);
    }

    /// <summary>Some keys, by id: the oldest first.</summary>
    /// <param name="after">The id before the first one; null for the very first.</param>
    /// <param name="count">At most this many.</param>
    /// <returns>The keys, and the id to go on after; null where there are no more.</returns>
    public async Task<(IReadOnlyList<KeyRecord> Keys, string? Next)> ListAsync(string? after, int count)
    {
        var database = redis.GetDatabase();
        var entries = (await database.HashGetAllAsync(Index))
            .Select(entry => (Id: (string)entry.Name!, Key: RedisKeys.ApiKey((string)entry.Value!)))
            .Where(entry => string.CompareOrdinal(entry.Id, after) > 0)
            .OrderBy(entry => entry.Id, StringComparer.Ordinal)
            .Take(count + 1)
            .ToList();
        var records = await database.StringGetAsync([.. entries.Take(count).Select(entry => entry.Key)]);

        // A key that was revoked between the two questions has no record any more.
        return ([.. records.Where(json => json.HasValue).Select(json => JsonSerializer.Deserialize((string)json!, IdentityJson.Default.KeyRecord)!)],
            entries.Count > count ? entries[count - 1].Id : null);
    }
}
