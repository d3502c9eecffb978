using StackExchange.Redis;

namespace CodeAgent.ServiceDefaults.Redis;

/// <summary>The keys that more than one service touches. Each service names its own beside its own code, under <see cref="Prefix"/>.</summary>
public static class RedisKeys
{
    /// <summary>Before every key of ours, so that a Redis can be shared.</summary>
    public const string Prefix = "codeagent:";

    /// <summary>A task: a hash with <c>version</c>, <c>state</c>, <c>request</c>, <c>status</c>, <c>fence</c>, and <c>token:N</c>, the hashed token of the lease with fencing number N.</summary>
    public static RedisKey Task(Guid id) => $"{Prefix}task:{id:D}";

    /// <summary>An API key by its hash: a string, <see cref="Identity.KeyRecord"/> as JSON.</summary>
    public static RedisKey ApiKey(string hash) => $"{Prefix}key:{hash}";
}
