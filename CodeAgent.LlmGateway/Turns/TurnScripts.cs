using CodeAgent.ServiceDefaults.Redis;

namespace CodeAgent.LlmGateway.Turns;

/// <summary>KEYS[1] is the turn, KEYS[2] the record of its task, where the caller has one.</summary>
internal static class TurnScripts
{
    /// <summary>ARGV: payload, owner, lease in ms, idempotency key, info, keep in ms. Answers go, busy, other, or answered with status, type and body.</summary>
    public static RedisScript Begin { get; } = new("turn begin", """
        local known = redis.call('HMGET', KEYS[1], 'payload', 'owner')
        if known[1] then
          if known[1] ~= ARGV[1] then return {'other'} end
          if known[2] then return {'busy'} end
          if KEYS[2] then redis.call('HINCRBY', KEYS[2], 'replayed:' .. ARGV[4], 1) end
          local answer = redis.call('HMGET', KEYS[1], 'status', 'type', 'body')
          return {'answered', answer[1], answer[2], answer[3]}
        end
        redis.call('HSET', KEYS[1], 'payload', ARGV[1], 'owner', ARGV[2])
        redis.call('PEXPIRE', KEYS[1], ARGV[3])
        if KEYS[2] then
          redis.call('HINCRBY', KEYS[2], 'asked:' .. ARGV[4], 1)
          redis.call('HSET', KEYS[2], 'info:' .. ARGV[4], ARGV[5])
          redis.call('PEXPIRE', KEYS[2], ARGV[6])
        end
        return {'go'}
        """);

    /// <summary>ARGV: owner, lease in ms. Answers 1 while the turn is the owner's.</summary>
    public static RedisScript Renew { get; } = new("turn renew", """
        if redis.call('HGET', KEYS[1], 'owner') ~= ARGV[1] then return 0 end
        redis.call('PEXPIRE', KEYS[1], ARGV[2])
        return 1
        """);

    /// <summary>ARGV: owner, payload, keep in ms, idempotency key, info, status, type, body. Answers 0 where the turn went to someone else.</summary>
    public static RedisScript Answer { get; } = new("turn answer", """
        local known = redis.call('HMGET', KEYS[1], 'payload', 'owner')
        if known[1] and known[2] ~= ARGV[1] then return 0 end
        redis.call('HSET', KEYS[1], 'payload', ARGV[2], 'status', ARGV[6], 'type', ARGV[7], 'body', ARGV[8])
        redis.call('HDEL', KEYS[1], 'owner')
        redis.call('PEXPIRE', KEYS[1], ARGV[3])
        if KEYS[2] then
          redis.call('HINCRBY', KEYS[2], 'answered:' .. ARGV[4], 1)
          redis.call('HSET', KEYS[2], 'info:' .. ARGV[4], ARGV[5])
          redis.call('PEXPIRE', KEYS[2], ARGV[3])
        end
        return 1
        """);

    /// <summary>ARGV: owner. Frees the turn, so that it can be asked again.</summary>
    public static RedisScript Release { get; } = new("turn release", """
        if redis.call('HGET', KEYS[1], 'owner') ~= ARGV[1] then return 0 end
        redis.call('DEL', KEYS[1])
        return 1
        """);
}
