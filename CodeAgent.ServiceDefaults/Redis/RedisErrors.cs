using StackExchange.Redis;

namespace CodeAgent.ServiceDefaults.Redis;

/// <summary>What the errors of Redis mean.</summary>
public static class RedisErrors
{
    // A server that starts, changes its part, or has no room left, answers so for a while.
    private static readonly string[] Passing =
        ["LOADING", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN", "READONLY", "MISCONF", "OOM", "NOREPLICAS", "BUSY"];

    /// <summary>Whether Redis cannot be used just now, and it is worth trying again later.</summary>
    public static bool MeansRedisIsAway(this Exception error) => error switch
    {
        RedisConnectionException or RedisTimeoutException => true,

        // A connection that fails has its reason for the first who waits; the client cancels whoever comes after, without a token that anybody holds.
        TaskCanceledException canceled => !canceled.CancellationToken.CanBeCanceled,
        RedisServerException => Passing.Any(word => error.Message.StartsWith(word, StringComparison.Ordinal)),
        _ => false,
    };
}
