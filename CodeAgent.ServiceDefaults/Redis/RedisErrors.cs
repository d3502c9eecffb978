using StackExchange.Redis;

namespace CodeAgent.ServiceDefaults.Redis;

/// <summary>What the errors of Redis mean.</summary>
public static class RedisErrors
{
    // A server that starts, changes its part, or has no room left, answers so for a while.
    private static readonly string[] Passing =
        ["LOADING", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN", "READONLY", "MISCONF", "OOM", "NOREPLICAS", "BUSY"];

    /// <summary>Whether Redis cannot be used just now, and it is worth trying again later.</summary>
    public static bool MeansRedisIsAway(this Exception error) => error is RedisConnectionException or RedisTimeoutException
        || (error is RedisServerException && Passing.Any(word => error.Message.StartsWith(word, StringComparison.Ordinal)));
}
