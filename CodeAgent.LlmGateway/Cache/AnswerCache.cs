using CodeAgent.LlmGateway.Calls;
using CodeAgent.LlmGateway.Configuration;
using CodeAgent.LlmGateway.Routing;
using CodeAgent.ServiceDefaults.Configuration;
using CodeAgent.ServiceDefaults.Redis;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.Caching.StackExchangeRedis;
using StackExchange.Redis;
using ZiggyCreatures.Caching.Fusion;

namespace CodeAgent.LlmGateway.Cache;

/// <summary>
/// Answers that were given before, in Redis for all gateways and for a moment in the memory of this one. Of the same requests at
/// the same time one asks here and the others wait for it; if nothing comes of it, the next one asks. Two gateways may both ask.
/// </summary>
internal sealed class AnswerCache : IDisposable
{
    // So long another gateway may still give an answer that was replaced.
    private static readonly TimeSpan InMemory = TimeSpan.FromSeconds(2);
    private const long MemoryBytes = 64 * 1024 * 1024;

    // Who has waited so long for the same request of another asks for itself: answers that cannot be kept must not form a queue.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly ConfigFile<GatewayConfig> _file;
    private readonly TimeProvider _time;
    private readonly MemoryCache _memory = new(new MemoryCacheOptions { SizeLimit = MemoryBytes });
    private readonly FusionCache _cache;

    public AnswerCache(IConnectionMultiplexer redis, ConfigFile<GatewayConfig> file, TimeProvider time, ILogger<FusionCache> logger)
    {
        (_file, _time) = (file, time);

        // The prefix of its keys is the one that the cache in Redis has.
        _cache = new(new FusionCacheOptions { CacheName = "answers", DisableTagging = true, MissingCacheKeyPrefixWarningLogLevel = LogLevel.None }, _memory, logger);

        // Not disposed of: that would close the connection, which is everybody's.
        _cache.SetupDistributedCache(new RedisCache(new RedisCacheOptions
        {
            ConnectionMultiplexerFactory = () => Task.FromResult(redis),
            InstanceName = $"{RedisKeys.Prefix}answers:",
        }), new CachedAnswerFormat());
    }

    /// <returns>Null where the request wants nothing of the cache.</returns>
    public CacheTicket? Ticket(HttpContext http, ModelRequest request, ModelRoute route)
    {
        var (config, wish) = (_file.Current.Cache, CacheWishes.Of(http.Request.Headers, http.User));
        return wish == CacheWish.Off || config.MaxAnswerBytes == 0 ? null
            : new(CacheKey.Of(http.User, request, route), wish, config.Ttl, config.MaxAnswerBytes, _time);
    }

    /// <summary>Finds the answer, or has it asked for.</summary>
    /// <param name="ticket">The request.</param>
    /// <param name="ask">Asks, gives the caller the answer as it comes, and tells the ticket of it.</param>
    /// <param name="left">The caller has left.</param>
    /// <returns>The answer that is to be given; null where <paramref name="ask"/> gave it.</returns>
    public async Task<CachedAnswer?> GetAsync(CacheTicket ticket, Func<Task> ask, CancellationToken left)
    {
        if (ticket.Wish == CacheWish.Refresh)
        {
            var anew = ask();
            await Task.WhenAny(anew);
            if (ticket.Answer is { } answer)
            {
                await _cache.SetAsync<CachedAnswer?>(ticket.Key, answer, Options(ticket), token: CancellationToken.None);
            }

            await anew;
            return null;
        }

        Task? asking = null;
        using var waiting = new CancellationTokenSource();
        await using var leaving = left.UnsafeRegister(static source => ((CancellationTokenSource)source!).Cancel(), waiting);
        var found = await _cache.GetOrSetAsync<CachedAnswer?>(ticket.Key, async (context, _) =>
        {
            // From here on the request itself sees that its caller leaves, and an answer that is whole by then is still kept.
            leaving.Unregister();
            asking = ask();

            // What went wrong is told below, to this caller alone.
            await Task.WhenAny(asking);
            (context.Options.SkipMemoryCacheWrite, context.Options.SkipDistributedCacheWrite) = (ticket.Answer is null, ticket.Answer is null);
            context.Options.Size = ticket.Answer?.Body.Length ?? 1;
            return ticket.Answer;
        }, default, Options(ticket), null, waiting.Token);
        if (asking is null)
        {
            return found;
        }

        await asking;
        return null;
    }

    public void Dispose()
    {
        _cache.Dispose();
        _memory.Dispose();
    }

    private static FusionCacheEntryOptions Options(CacheTicket ticket) => new()
    {
        Duration = ticket.Ttl < InMemory ? ticket.Ttl : InMemory,
        DistributedCacheDuration = ticket.Ttl,
        LockTimeout = Patience,
        AllowBackgroundDistributedCacheOperations = false,
        Size = ticket.Answer?.Body.Length ?? ticket.MaxAnswerBytes,
    };
}
