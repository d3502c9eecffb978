using CodeAgent.ServiceDefaults.Identity;
using CodeAgent.ServiceDefaults.Redis;
using StackExchange.Redis;

namespace CodeAgent.LlmGateway.Tests.Support;

/// <summary>Tasks as the Api keeps them, as far as a token needs them.</summary>
internal static class Tasks
{
    public static async Task<(Guid Task, string Token)> LeaseAsync(IConnectionMultiplexer redis, long fence = 1, Guid? task = null)
    {
        var id = task ?? Guid.CreateVersion7();
        var token = Secret.NewToken(id, fence);
        await redis.GetDatabase().HashSetAsync(RedisKeys.Task(id),
            [new("status", "running"), new("fence", fence), new($"token:{fence}", Secret.Hash(token))]);
        return (id, token);
    }

    public static Task EndAsync(IConnectionMultiplexer redis, Guid task) => redis.GetDatabase().HashSetAsync(RedisKeys.Task(task), "status", "succeeded");
}
