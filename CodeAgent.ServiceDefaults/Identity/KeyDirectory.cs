using System.Collections.Concurrent;
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
    IConnectionMultiplexer redis, IOptions<KeyDirectoryOptions> options, IOptions<RedisPatienceOptions> patience, TimeProvider time)
{
    private const int MostRemembered = 10_000;
    private readonly ConcurrentDictionary<string, Remembered> _remembered = [];
    private readonly ConfiguredKeys _configured = new();
    private int _forgotten;

    /// <summary>A key from the environment; null where it is none of these.</summary>
    public ClaimsPrincipal? Configured(string hash, IdentityOptions keys) => _configured.Find(hash, keys);

    /// <summary>A key by its hash; null where there is none.</summary>
    /// <exception cref="ProblemException">503: nobody knows, since Redis does not answer.</exception>
    public ValueTask<ClaimsPrincipal?> FindAsync(string hash) =>
        _remembered.TryGetValue(hash, out var known) && known.Until > time.GetTimestamp() ? new(IfValid(known.Caller)) : new(AskAsync(hash));

    /// <summary>The named fields of a hash.</summary>
    /// <exception cref="ProblemException">503: nobody knows, since Redis does not answer.</exception>
    public Task<RedisValue[]> FieldsAsync(RedisKey key, RedisValue[] fields) =>
        redis.WithinAsync(patience.Value.AnswerWithin, time, database => database.HashGetAsync(key, fields));

    /// <summary>Forgets a key, or all: what is being asked just now is not remembered either, since it may be from before.</summary>
    public void Forget(string? hash = null)
    {
        Interlocked.Increment(ref _forgotten);
        if (hash is null)
        {
            _remembered.Clear();
        }
        else
        {
            _remembered.TryRemove(hash, out _);
        }
    }

    private async Task<ClaimsPrincipal?> AskAsync(string hash)
    {
        var forgotten = Volatile.Read(ref _forgotten);
        string? json = await redis.WithinAsync(patience.Value.AnswerWithin, time, database => database.StringGetAsync(RedisKeys.ApiKey(hash)));
        if (json is null || JsonSerializer.Deserialize(json, IdentityJson.Default.KeyRecord) is not { } key)
        {
            return null;
        }

        var caller = new ClaimsPrincipal(CallerIdentity.Of(key, hash));
        if (options.Value.RememberFor > TimeSpan.Zero)
        {
            if (_remembered.Count >= MostRemembered)
            {
                _remembered.Clear();
            }

            _remembered[hash] = new(caller, time.GetTimestamp() + (long)(options.Value.RememberFor.TotalSeconds * time.TimestampFrequency));
            if (forgotten != Volatile.Read(ref _forgotten))
            {
                _remembered.TryRemove(hash, out _);
            }
        }

        return IfValid(caller);
    }

    private ClaimsPrincipal? IfValid(ClaimsPrincipal caller) =>
        ((CallerIdentity)caller.Identity!).Key!.ExpiresAt is { } end && end <= time.GetUtcNow() ? null : caller;

    private sealed record Remembered(ClaimsPrincipal Caller, long Until);
}

/// <summary>How keys are looked up.</summary>
public sealed class KeyDirectoryOptions
{
    /// <summary>How long a key that was found is good without asking again. 0 by default: each time. Revoking a key ends it at once all the same.</summary>
    public TimeSpan RememberFor { get; set; }
}
