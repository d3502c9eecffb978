using CodeAgent.ServiceDefaults.Problems;
using StackExchange.Redis;

namespace CodeAgent.ServiceDefaults.Redis;

/// <summary>Asks Redis where somebody waits for the answer who would rather be refused soon than served late.</summary>
public static class RedisPatience
{
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);

    /// <summary>Asks; does not wait at all where there is no connection.</summary>
    /// <param name="redis">The client.</param>
    /// <param name="patience">How long the answer may take; the client's own patience where it is null.</param>
    /// <param name="time">The clock.</param>
    /// <param name="ask">What is asked.</param>
    /// <exception cref="ProblemException">503: there is no answer. Whether something was changed is not known.</exception>
    public static async Task<T> WithinAsync<T>(this IConnectionMultiplexer redis, TimeSpan? patience, TimeProvider time, Func<IDatabase, Task<T>> ask)
    {
        if (patience is not { } limit)
        {
            return await ask(redis.GetDatabase());
        }

        if (!redis.IsConnected)
        {
            throw Away();
        }

        try
        {
            return await ask(redis.GetDatabase()).WaitAsync(limit, time);
        }
        catch (Exception e) when (e is TimeoutException or OperationCanceledException || e.MeansRedisIsAway())
        {
            throw Away();
        }
    }

    /// <summary>The refusal where Redis does not answer.</summary>
    public static ProblemException Away() => new("redis-unavailable", StatusCodes.Status503ServiceUnavailable,
        "Redis, where keys and budgets are kept, cannot be reached just now. No model was asked.")
    { RetryAfter = RetryAfter };
}
