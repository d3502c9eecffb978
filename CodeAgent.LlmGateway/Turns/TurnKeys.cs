using CodeAgent.ServiceDefaults.Identity;
using CodeAgent.ServiceDefaults.Redis;
using StackExchange.Redis;

namespace CodeAgent.LlmGateway.Turns;

internal static class TurnKeys
{
    /// <summary>
    /// A turn: a hash with <c>payload</c> (hash of the request), <c>owner</c> (who asks just now), and once it is answered
    /// <c>status</c>, <c>type</c> and <c>body</c>. The caller is part of the name, so that nobody gets at another's turns,
    /// whatever key they send.
    /// </summary>
    public static RedisKey Turn(string caller, string key) => $"{RedisKeys.Prefix}turn:{Secret.Hash($"{caller}\n{key}")}";

    /// <summary>What operators can see of a task's turns: a hash with <c>asked:KEY</c>, <c>answered:KEY</c>, <c>replayed:KEY</c> (counts) and <c>info:KEY</c> (JSON).</summary>
    public static RedisKey OfTask(Guid task) => $"{RedisKeys.Prefix}turns:{task:D}";
}
