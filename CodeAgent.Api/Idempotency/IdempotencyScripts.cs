using CodeAgent.ServiceDefaults.Redis;

namespace CodeAgent.Api.Idempotency;

/// <summary>
/// KEYS[1] is the record: a hash with <c>payload</c> (hash of the request), <c>id</c> (see <see cref="IdempotentRequest.Id"/>),
/// and once it is answered <c>answer</c> and <c>body</c>. KEYS[2] says who answers it just now, and ends by itself.
/// </summary>
internal static class IdempotencyScripts
{
    /// <summary>ARGV: payload, owner, lease in ms, keep in ms, an id. Answers other, busy, answered with answer and body, or go with the id and whether it was begun before.</summary>
    public static RedisScript Begin { get; } = new("idempotency begin", """
        local known = redis.call('HMGET', KEYS[1], 'payload', 'id', 'answer', 'body')
        if known[1] and known[1] ~= ARGV[1] then return {'other'} end
        if known[3] then return {'answered', known[3], known[4]} end
        if redis.call('EXISTS', KEYS[2]) == 1 then return {'busy'} end
        redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[3])
        if known[1] then return {'go', known[2], 1} end
        redis.call('HSET', KEYS[1], 'payload', ARGV[1], 'id', ARGV[5])
        redis.call('PEXPIRE', KEYS[1], ARGV[4])
        return {'go', ARGV[5], 0}
        """);

    /// <summary>ARGV: owner, payload, id, answer, body, keep in ms. Where two were at it, since one took longer than its lease, the first answer stays.</summary>
    public static RedisScript Answer { get; } = new("idempotency answer", """
        if redis.call('GET', KEYS[2]) == ARGV[1] then redis.call('DEL', KEYS[2]) end
        if redis.call('HEXISTS', KEYS[1], 'answer') == 1 then return 0 end
        redis.call('HSET', KEYS[1], 'payload', ARGV[2], 'id', ARGV[3], 'answer', ARGV[4], 'body', ARGV[5])
        redis.call('PEXPIRE', KEYS[1], ARGV[6])
        return 1
        """);

    /// <summary>ARGV: owner, and 1 where nothing of the request needs to be remembered.</summary>
    public static RedisScript Release { get; } = new("idempotency release", """
        if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
        redis.call('DEL', KEYS[2])
        if ARGV[2] == '1' then redis.call('DEL', KEYS[1]) end
        return 1
        """);
}
