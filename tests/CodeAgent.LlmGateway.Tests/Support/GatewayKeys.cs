using CodeAgent.ServiceDefaults.Identity;
using StackExchange.Redis;

namespace CodeAgent.LlmGateway.Tests.Support;

/// <summary>Keys for models, as the Api and the gateway keep them.</summary>
internal static class GatewayKeys
{
    /// <summary>Makes a key with limits.</summary>
    public static Task<(KeyRecord Key, string Secret)> LimitedAsync(IConnectionMultiplexer redis, CallLimits limits) =>
        MakeAsync(redis, key => key with { Limits = limits });

    /// <summary>Makes a key.</summary>
    public static async Task<(KeyRecord Key, string Secret)> MakeAsync(IConnectionMultiplexer redis, Func<KeyRecord, KeyRecord>? change = null)
    {
        var (secret, key) = (Secret.NewKey(), new KeyRecord(Guid.CreateVersion7().ToString("N"), "test", [Scopes.Models], DateTimeOffset.UnixEpoch));
        key = change?.Invoke(key) ?? key;
        await new KeyStore(redis).AddAsync(key, secret);
        return (key, secret);
    }
}
