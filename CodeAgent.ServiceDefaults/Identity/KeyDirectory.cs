using System.Security.Claims;
using System.Text.Json;
using CodeAgent.ServiceDefaults.Problems;
using CodeAgent.ServiceDefaults.Redis;
using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace CodeAgent.ServiceDefaults.Identity;

/// <summary>
/// Finds keys in Redis, and remembers found ones for a moment where that is asked for. That a key is unknown is never
/// remembered: it may be made the next moment.
/// </summary>
internal sealed class KeyDirectory(
    IConnectionMultiplexer redis, KeySecrets secrets, KeyMemory memory, KeyStore store, KeySecretAgreement agreement, KeyUses uses,
    IOptions<RedisPatienceOptions> patience, TimeProvider time)
{
    private readonly ConfiguredKeys _configured = new();

    /// <summary>A key: one from the environment or from Redis; null where there is none.</summary>
    /// <exception cref="ProblemException">503: nobody knows, since Redis does not answer.</exception>
    public ValueTask<ClaimsPrincipal?> FindAsync(string secret, IdentityOptions options)
    {
        var generation = secrets.Current;
        var hash = secrets.Hash(secret);
        return _configured.Find(hash, options, secrets, generation) is { } configured ? new(configured)
            : memory.TryFind(hash, out var caller) ? new(Valid(caller))
            : new(AskAsync(secret, hash));
    }

    /// <summary>The named fields of a hash.</summary>
    /// <exception cref="ProblemException">503: nobody knows, since Redis does not answer.</exception>
    public Task<RedisValue[]> FieldsAsync(RedisKey key, RedisValue[] fields) =>
        redis.WithinAsync(patience.Value.AnswerWithin, time, database => database.HashGetAsync(key, fields));

    private async Task<ClaimsPrincipal?> AskAsync(string secret, string hash)
    {
        var mark = memory.Mark;
        var hashes = secrets.Hashes(secret);
        var found = await redis.WithinAsync(patience.Value.AnswerWithin, time, database => database.StringGetAsync([.. hashes.Select(RedisKeys.ApiKey)]));
        var place = Array.FindIndex(found, json => json.HasValue);
        if (place < 0 || JsonSerializer.Deserialize(found[place].ToString(), IdentityJson.Default.KeyRecord) is not { } key)
        {
            return null;
        }

        var stored = hashes[place];
        if (stored != hash && agreement.IsKnownToAll && await store.RehashAsync(key, stored, hash, time.GetUtcNow()))
        {
            stored = hash;
        }

        var caller = new ClaimsPrincipal(CallerIdentity.Of(key, stored));
        memory.Remember(hash, stored, caller, mark);
        return Valid(caller);
    }

    private ClaimsPrincipal? Valid(ClaimsPrincipal caller)
    {
        var key = ((CallerIdentity)caller.Identity!).Key!;
        if (key.ExpiresAt is { } end && end <= time.GetUtcNow())
        {
            return null;
        }

        uses.Note(key.Id);
        return caller;
    }
}
