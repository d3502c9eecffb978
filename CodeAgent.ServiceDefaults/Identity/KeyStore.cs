using System.Text.Json;
using CodeAgent.ServiceDefaults.Problems;
using CodeAgent.ServiceDefaults.Redis;
using StackExchange.Redis;

namespace CodeAgent.ServiceDefaults.Identity;

/// <summary>
/// The keys in Redis. Who authenticates asks by the key's hash (<see cref="RedisKeys.ApiKey"/>); a hash beside it,
/// <c>codeagent:keys</c>, has the ids with those hashes, so that keys can be listed and revoked by id.
/// </summary>
/// <param name="redis">Where they are.</param>
/// <param name="secrets">What they are hashed with; nothing where it is left out.</param>
/// <param name="memory">Who is to forget what ends here, at once.</param>
public sealed class KeyStore(IConnectionMultiplexer redis, KeySecrets? secrets = null, KeyMemory? memory = null)
{
    /// <summary>Says the hash of a key that was revoked or changed, to whoever remembers keys.</summary>
    public static readonly RedisChannel Revoked = RedisChannel.Literal(RedisKeys.Prefix + "key-revoked");

    private static readonly RedisValue Channel = Revoked.ToString();

    // Who was let in just before its key was hashed anew finds the record where it was, for so long.
    private static readonly TimeSpan RehashGrace = TimeSpan.FromMinutes(1);
    private const int PageSize = 200;
    private const int MostConflicts = 10;
    private static readonly RedisKey Index = RedisKeys.Prefix + "keys";
    private static readonly RedisKey Used = RedisKeys.Prefix + "keys:used";

    private static readonly RedisScript Add = new("key add", """
        if redis.call('HSETNX', KEYS[1], ARGV[1], ARGV[2]) == 0 then return 0 end
        redis.call('SET', KEYS[2], ARGV[3])
        return 1
        """);

    // What is told is told in the same script: whoever is killed in between would leave others believing in a key that is gone.
    //
    // ARGV: the id, the hash that it has, the channel, and the hashes that are told there. The keys from the third on are its
    // records: the one of that hash, and former ones.
    private static readonly RedisScript Remove = new("key remove", """
        if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then
          return 0
        end
        for i = 3, #KEYS do
          redis.call('DEL', KEYS[i])
        end
        redis.call('HDEL', KEYS[2], ARGV[1])
        redis.call('HDEL', KEYS[1], ARGV[1])
        for i = 4, #ARGV do
          redis.call('PUBLISH', ARGV[3], ARGV[i])
        end
        return 1
        """);

    // ARGV: the id, the hash that it has, the new one, the record under the new one, the record under the old one and for how many milliseconds,
    // the channel, and the hashes that are told there. The keys from the fourth on are records that end.
    private static readonly RedisScript Move = new("key move", """
        if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then
          return 0
        end
        for i = 4, #KEYS do
          redis.call('DEL', KEYS[i])
        end
        redis.call('SET', KEYS[3], ARGV[4])
        redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
        if tonumber(ARGV[6]) > 0 then
          redis.call('SET', KEYS[2], ARGV[5], 'PX', ARGV[6])
        else
          redis.call('DEL', KEYS[2])
        end
        for i = 8, #ARGV do
          redis.call('PUBLISH', ARGV[7], ARGV[i])
        end
        return 1
        """);

    // Pairs of an id and a time. A key that was revoked meanwhile leaves nothing behind.
    private static readonly RedisScript Use = new("key use", """
        for i = 1, #ARGV, 2 do
          if redis.call('HEXISTS', KEYS[1], ARGV[i]) == 1 then
            redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 1])
          end
        end
        return 1
        """);

    /// <summary>Keeps a key. It is good from now on.</summary>
    /// <returns>Whether it is kept; not where there is one with its id already.</returns>
    public async Task<bool> AddAsync(KeyRecord key, string secret)
    {
        var hash = Hash(secret);
        return (bool)await Add.RunAsync(redis.GetDatabase(), [Index, RedisKeys.ApiKey(hash)], [key.Id, hash, Json(key)]);
    }

    /// <summary>A key by its id; null where there is none.</summary>
    public async Task<KeyRecord?> FindAsync(string id) => (await ReadAsync(id))?.Key;

    /// <summary>Revokes a key, its former secrets included. It is good for nothing from now on.</summary>
    /// <returns>Whether there was such a key.</returns>
    /// <exception cref="ProblemException">503: others change it all the time.</exception>
    public async Task<bool> RemoveAsync(string id)
    {
        for (var conflicts = 0; conflicts < MostConflicts; conflicts++)
        {
            string? hash = await redis.GetDatabase().HashGetAsync(Index, id);
            if (hash is null)
            {
                return false;
            }

            string[] hashes = [hash, .. (await ReadAsync(id))?.Key.Former?.Select(former => former.Hash) ?? []];
            if ((bool)await Remove.RunAsync(redis.GetDatabase(), [Index, Used, .. hashes.Select(RedisKeys.ApiKey)], [id, hash, Channel, .. hashes.Select(Value)]))
            {
                Forget(hashes);
                return true;
            }
        }

        throw Busy();
    }

    /// <summary>Gives a key a new secret. The old one is good for a while yet, and so is one from before, if its while is not over.</summary>
    /// <param name="id">The key.</param>
    /// <param name="secret">The new secret.</param>
    /// <param name="grace">How long the old secret stays good; zero: it is good for nothing from now on.</param>
    /// <param name="now">When this is.</param>
    /// <param name="request">Names the request that wants it.</param>
    /// <returns>The key; null where there is none.</returns>
    /// <exception cref="ProblemException">503: others change it all the time.</exception>
    public async Task<KeyRecord?> RotateAsync(string id, string secret, TimeSpan grace, DateTimeOffset now, Guid? request = null)
    {
        for (var conflicts = 0; conflicts < MostConflicts; conflicts++)
        {
            if (await ReadAsync(id) is not var (hash, key))
            {
                return null;
            }

            var end = now + grace;
            var old = key with { ExpiresAt = key.ExpiresAt is { } sooner && sooner < end ? sooner : end, Former = null };
            var next = key with { RotatedBy = request, Former = Former(key, now, new(hash, end)) };
            string[] copies = [.. (key.Former ?? []).Where(former => former.IsSame).Select(former => former.Hash)];
            if (await MoveAsync(next, old, hash, Hash(secret), grace, copies, [hash, .. copies]))
            {
                Forget([hash, .. copies]);
                return next;
            }
        }

        throw Busy();
    }

    /// <summary>Some keys, by id: the oldest first.</summary>
    /// <param name="after">The id before the first one; null for the very first.</param>
    /// <param name="count">At most this many.</param>
    /// <param name="where">Only those; all where it is left out.</param>
    /// <returns>The keys, and the id to go on after; null where there are no more.</returns>
    public async Task<(IReadOnlyList<KeyRecord> Keys, string? Next)> ListAsync(string? after, int count, Func<KeyRecord, bool>? where = null)
    {
        var database = redis.GetDatabase();
        var rest = (await database.HashGetAllAsync(Index))
            .Select(entry => (Id: (string)entry.Name!, Key: RedisKeys.ApiKey((string)entry.Value!)))
            .Where(entry => string.CompareOrdinal(entry.Id, after) > 0)
            .OrderBy(entry => entry.Id, StringComparer.Ordinal);
        List<KeyRecord> page = [];
        foreach (var entries in rest.Chunk(PageSize))
        {
            // A key that was revoked between the two questions has no record any more.
            var records = await database.StringGetAsync([.. entries.Select(entry => entry.Key)]);
            foreach (var key in records.Where(json => json.HasValue).Select(json => Record(json.ToString())).Where(key => where?.Invoke(key) != false))
            {
                if (page.Count == count)
                {
                    return (page, page[^1].Id);
                }

                page.Add(key);
            }
        }

        return (page, null);
    }

    /// <summary>When keys were last used, as far as it is written; in the order of <paramref name="ids"/>.</summary>
    public async Task<IReadOnlyList<DateTimeOffset?>> LastUsedAsync(IReadOnlyList<string> ids)
    {
        var times = ids.Count == 0 ? [] : await redis.GetDatabase().HashGetAsync(Used, [.. ids.Select(id => (RedisValue)id)]);
        return [.. times.Select(at => at.IsNull ? default(DateTimeOffset?) : DateTimeOffset.FromUnixTimeMilliseconds((long)at))];
    }

    /// <summary>Writes when keys were last used, in milliseconds of Unix time.</summary>
    internal Task UsedAsync(IReadOnlyList<(string Id, long At)> uses) =>
        Use.RunQuietlyAsync(redis.GetDatabase(), [Index, Used], [.. uses.SelectMany(use => (RedisValue[])[use.Id, use.At])]);

    /// <summary>Keeps a key under another hash of the same secret.</summary>
    /// <returns>Whether it was done; not where the key was changed meanwhile, or Redis does not answer: then it stays as it is.</returns>
    internal async Task<bool> RehashAsync(KeyRecord key, string from, string to, DateTimeOffset now)
    {
        // A former secret is not what the index has for its key: its days are counted, and it stays where it is.
        try
        {
            return await MoveAsync(key with { Former = Former(key, now, new(from, now + RehashGrace, IsSame: true)) }, key with { Former = null }, from, to, RehashGrace, [], []);
        }
        catch (Exception e) when (e.MeansRedisIsAway())
        {
            return false;
        }
    }

    private static FormerSecret[]? Former(KeyRecord key, DateTimeOffset now, FormerSecret last)
    {
        FormerSecret[] former = [.. (key.Former ?? []).Where(secret => !secret.IsSame || last.IsSame).Append(last).Where(secret => secret.Until > now)];
        return former is [] ? null : former;
    }

    private async Task<bool> MoveAsync(KeyRecord next, KeyRecord old, string from, string to, TimeSpan grace, string[] ended, string[] told) =>
        (bool)await Move.RunAsync(redis.GetDatabase(), [Index, RedisKeys.ApiKey(from), RedisKeys.ApiKey(to), .. ended.Select(RedisKeys.ApiKey)],
            [next.Id, from, to, Json(next), Json(old), (long)grace.TotalMilliseconds, Channel, .. told.Select(Value)]);

    private async Task<(string Hash, KeyRecord Key)?> ReadAsync(string id)
    {
        var database = redis.GetDatabase();
        string? hash = await database.HashGetAsync(Index, id);
        string? json = hash is null ? default(string) : await database.StringGetAsync(RedisKeys.ApiKey(hash));
        return json is null ? default((string, KeyRecord)?) : (hash!, Record(json));
    }

    // This process hears of it as well, but only after it has answered.
    private void Forget(string[] hashes)
    {
        foreach (var hash in hashes)
        {
            memory?.Forget(hash);
        }
    }

    private static RedisValue Value(string hash) => hash;

    private string Hash(string secret) => secrets?.Hash(secret) ?? Secret.Hash(secret);

    private static string Json(KeyRecord key) => JsonSerializer.Serialize(key, IdentityJson.Default.KeyRecord);

    private static KeyRecord Record(string json) => JsonSerializer.Deserialize(json, IdentityJson.Default.KeyRecord)!;

    private static ProblemException Busy() => new("busy", StatusCodes.Status503ServiceUnavailable, "The key is changed by others just now.")
    {
        RetryAfter = TimeSpan.FromSeconds(1),
    };
}
