using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using CodeAgent.ServiceDefaults.Telemetry;
using StackExchange.Redis;

namespace CodeAgent.ServiceDefaults.Redis;

/// <summary>A Lua script with a name: Redis runs it whole or not at all. Every key it touches is declared.</summary>
/// <param name="name">What it does, for its span.</param>
/// <param name="lua">The script.</param>
public sealed class RedisScript(string name, string lua)
{
    private readonly byte[] _hash = Hash(lua);

    /// <summary>Runs the script, by its hash; whole where the server does not know it (any more).</summary>
    /// <exception cref="RedisServerException">The script failed.</exception>
    /// <exception cref="RedisConnectionException">Redis cannot be reached.</exception>
    /// <exception cref="RedisTimeoutException">Redis did not answer in time; whether the script ran is not known.</exception>
    public async Task<RedisResult> RunAsync(IDatabase redis, RedisKey[] keys, RedisValue[] values)
    {
        using var span = CodeAgentTelemetry.Source.StartActivity($"redis {name}", ActivityKind.Client);
        span?.SetTag("db.system.name", "redis").SetTag("db.operation.name", "EVALSHA").SetTag("db.query.summary", name);
        try
        {
            return await RunQuietlyAsync(redis, keys, values);
        }
        catch (RedisException e)
        {
            span?.SetStatus(ActivityStatusCode.Error, e.Message);
            throw;
        }
    }

    /// <summary>Runs the script without a span, where it is nobody's alone: it serves many requests at once.</summary>
    /// <exception cref="RedisServerException">The script failed.</exception>
    /// <exception cref="RedisConnectionException">Redis cannot be reached.</exception>
    /// <exception cref="RedisTimeoutException">Redis did not answer in time; whether the script ran is not known.</exception>
    public async Task<RedisResult> RunQuietlyAsync(IDatabase redis, RedisKey[] keys, RedisValue[] values)
    {
        try
        {
            return await EvaluateAsync(redis, keys, values);
        }
        catch (OperationCanceledException e)
        {
            // A connection that fails has its reason for the first who waits; the client cancels whoever comes after. Nobody here has asked for that.
            throw new RedisConnectionException(ConnectionFailureType.SocketClosed, "The connection to Redis was given up before there was an answer.", e);
        }
    }

    // Not the client's own way, a SCRIPT LOAD before the first EVALSHA: it takes the load for a command of long ago, and gives up a
    // connection, and everybody who waits on it, where nothing was read for 20 s and its heartbeat comes before the load is answered.
    private async Task<RedisResult> EvaluateAsync(IDatabase redis, RedisKey[] keys, RedisValue[] values)
    {
        try
        {
            return await redis.ScriptEvaluateAsync(_hash, keys, values);
        }
        catch (RedisServerException e) when (e.Message.StartsWith("NOSCRIPT", StringComparison.Ordinal))
        {
            return await redis.ScriptEvaluateAsync(lua, keys, values, CommandFlags.NoScriptCache);
        }
    }

#pragma warning disable CA5350 // It is Redis's name for a script, and no secret.
    private static byte[] Hash(string text) => SHA1.HashData(Encoding.UTF8.GetBytes(text));
#pragma warning restore CA5350
}
