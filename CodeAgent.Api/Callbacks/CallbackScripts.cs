using CodeAgent.ServiceDefaults.Redis;

namespace CodeAgent.Api.Callbacks;

/// <summary>KEYS[1] is the index of receivers, KEYS[2] the queue of one; ARGV[1] its name. A claim is told from others by when it is over.</summary>
internal static class CallbackScripts
{
    // The index says when the first of the queue is due.
    private const string KeepIndex = """

        local first = redis.call('ZRANGE', KEYS[2], 0, 0, 'WITHSCORES')
        if first[2] then redis.call('ZADD', KEYS[1], first[2], ARGV[1]) else redis.call('ZREM', KEYS[1], ARGV[1]) end
        """;

    /// <summary>ARGV: receiver, now, when the claim is over, how many. Answers the ids that are claimed.</summary>
    public static RedisScript Claim { get; } = new("callbacks claim", """
        local due = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', ARGV[2], 'LIMIT', 0, ARGV[4])
        for i = 1, #due do redis.call('ZADD', KEYS[2], ARGV[3], due[i]) end
        """ + KeepIndex + "\nreturn due");

    /// <summary>
    /// KEYS[3] is the callback, KEYS[4] its task's log. ARGV: receiver, id, when the claim was over, when it is due again (or
    /// nothing), the attempt (or nothing), how many attempts are logged. Answers 0 where others have claimed it since.
    /// </summary>
    public static RedisScript Settle { get; } = new("callback settle", """
        if ARGV[5] ~= '' then
          redis.call('LPUSH', KEYS[4], ARGV[5])
          redis.call('LTRIM', KEYS[4], 0, ARGV[6] - 1)
        end
        if tonumber(redis.call('ZSCORE', KEYS[2], ARGV[2]) or '-1') ~= tonumber(ARGV[3]) then return 0 end
        if ARGV[4] == '' then
          redis.call('ZREM', KEYS[2], ARGV[2])
          redis.call('DEL', KEYS[3])
        else
          redis.call('ZADD', KEYS[2], ARGV[4], ARGV[2])
          if ARGV[5] ~= '' then redis.call('HINCRBY', KEYS[3], 'attempts', 1) end
        end
        """ + KeepIndex + "\nreturn 1");
}
