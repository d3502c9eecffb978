using System.Text.Json;
using CodeAgent.ServiceDefaults.Redis;
using StackExchange.Redis;

namespace CodeAgent.ServiceDefaults.Identity;

/// <summary>
/// The keys in Redis. Who authenticates asks by the key's hash (<see cref="RedisKeys.ApiKey"/>); a hash beside it,
/// <c>codeagent:keys</c>, has the ids with those hashes, so that keys can be listed and revoked by id.
/// </summary>
public sealed class KeyStore(IConnectionMultiplexer redis)
{
    /// <summary>Says the hash of a key that was revoked, to whoever remembers keys.</summary>
    public static readonly RedisChannel Revoked = RedisChannel.Literal(RedisKeys.Prefix + "key-revoked");

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

    /// <summary>A key by its id; null where there is none.</summary>
    public async Task<KeyRecord?> FindAsync(string id)
    {
        var database = redis.GetDatabase();
        string? hash = await database.HashGetAsync(Index, id);
        if (hash is null)
        {
            return null;
        }

        string? json = await database.StringGetAsync(RedisKeys.ApiKey(hash));
        return json is null ? null : JsonSerializer.Deserialize(json, IdentityJson.Default.KeyRecord);
    }

    /// <summary>Revokes a key. It is good for nothing from now on.</summary>
    /// <returns>Whether there was such a key.</returns>
    public async Task<bool> RemoveAsync(string id)
    {
        var database = redis.GetDatabase();
        string? hash = await database.HashGetAsync(Index, id);
        if (hash is null || !(bool)await Remove.RunAsync(database, [Index, RedisKeys.ApiKey(hash)], [id]))
        {
            return false;
        }

        await redis.GetSubscriber().PublishAsync(Revoked, hash);
        return true;
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
