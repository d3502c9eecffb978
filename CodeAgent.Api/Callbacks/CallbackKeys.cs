using CodeAgent.ServiceDefaults.Redis;
using StackExchange.Redis;

namespace CodeAgent.Api.Callbacks;

/// <summary>Where callbacks are in Redis. A receiver is a host with its port; each has a queue of its own, so that one that is dead stands in nobody's way.</summary>
internal static class CallbackKeys
{
    /// <summary>Receivers by the millisecond at which there is something to do for them: their next callback is due, or their rest is over.</summary>
    public const string Receivers = RedisKeys.Prefix + "callbacks";

    /// <summary>Channel that says the name of a receiver when there is a new callback for it.</summary>
    public const string Channel = RedisKeys.Prefix + "callback-added";

    /// <summary>A receiver's callbacks by the millisecond at which they are due. One that is under way is due when its claim is over.</summary>
    public static RedisKey Queue(string receiver) => $"{RedisKeys.Prefix}callbacks:{receiver}";

    /// <summary>A callback: a hash with <c>task</c>, <c>tenant</c>, <c>url</c>, <c>trace</c>, <c>type</c>, <c>at</c> (milliseconds), <c>body</c> and <c>attempts</c>.</summary>
    public static RedisKey Callback(string id) => $"{RedisKeys.Prefix}callback:{id}";

    /// <summary>A list: the last attempts to deliver a task's callbacks, as <see cref="CallbackAttempt"/>, the newest first.</summary>
    public static RedisKey Log(Guid task) => $"{RedisKeys.Prefix}task:{task:D}:callbacks";
}
