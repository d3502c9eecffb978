using CodeAgent.ServiceDefaults.Redis;
using StackExchange.Redis;

namespace CodeAgent.Api.Operations;

/// <summary>Where it is written what operators want.</summary>
internal static class OperationsKeys
{
    /// <summary>A hash: see <see cref="OperationsState"/>.</summary>
    public const string State = RedisKeys.Prefix + "operations";

    /// <summary>A hash: the tasks that a worker had when the last restart was asked for, each with the fencing number of its lease.</summary>
    public const string BeforeRestart = RedisKeys.Prefix + "operations:before-restart";

    /// <summary>The instances of the Api by the millisecond at which they were last there.</summary>
    public const string Instances = RedisKeys.Prefix + "instances";

    /// <summary>Channel that says that the state changed.</summary>
    public const string Channel = RedisKeys.Prefix + "operations-changed";

    /// <summary>A request with an <c>Idempotency-Key</c> that was carried out.</summary>
    public static RedisKey Request(Guid id) => $"{State}:request:{id:N}";

    /// <summary>Field of <see cref="State"/>: the millisecond of the stop that is in force.</summary>
    public static readonly RedisValue Stopped = "stopped";

    /// <summary>Field of <see cref="State"/>: claims since the start.</summary>
    public static readonly RedisValue Claims = "claims";
}
