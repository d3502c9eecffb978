using System.Text.Json;
using CodeAgent.ServiceDefaults.Identity;
using CodeAgent.ServiceDefaults.Redis;
using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace CodeAgent.LlmGateway.Budgets;

/// <summary>The limits that tasks were submitted with.</summary>
internal sealed class TaskLimits(IConnectionMultiplexer redis, IOptions<RedisPatienceOptions> patience, TimeProvider time)
{
    /// <exception cref="ServiceDefaults.Problems.ProblemException">503: Redis does not answer.</exception>
    public async Task<CallLimits> FindAsync(Guid task)
    {
        var request = await redis.WithinAsync(patience.Value.AnswerWithin, time, database => database.HashGetAsync(RedisKeys.Task(task), "request"));
        return request.HasValue ? Read((byte[])request!) : CallLimits.None;
    }

    // { "prompt": …, "limits": { "minutes": 30, "turns": 50, "tokens": 400000, "costUsd": 2.0 }, … }
    private static CallLimits Read(byte[] request)
    {
        using var json = JsonDocument.Parse(request);
        return json.RootElement.TryGetProperty("limits", out var limits)
            ? new()
            {
                Tokens = limits.TryGetProperty("tokens", out var tokens) ? tokens.GetInt64() : null,
                Usd = limits.TryGetProperty("costUsd", out var usd) ? usd.GetDecimal() : null,
            }
            : CallLimits.None;
    }
}
