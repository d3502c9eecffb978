using CodeAgent.ServiceDefaults.Redis;

namespace CodeAgent.Api.Tasks;

// Redis's own commands, and three of ours that look before they write: what they do depends on what others have written since.
internal sealed partial class TaskCommit
{
    /// <summary>A task enters the queue. The keys and the arguments after id and score are those of <see cref="Queue.QueuePlace"/>.</summary>
    public const string Enter = "ENTER";

    /// <summary>A task leaves the queue. The keys and the arguments after the id are those of <see cref="Queue.QueuePlace"/>.</summary>
    public const string Leave = "LEAVE";

    /// <summary>Adds to a field of a hash, and removes it at 0. Arguments: the field, and what is added.</summary>
    public const string Count = "COUNT";

    // ARGV: the expected version; how many limits, and for each the place of its key in KEYS, the field and the limit; then for each
    // write its command, how many keys, their places in KEYS, how many arguments follow, and the arguments.
    //
    // Whoever comes (back) to the queue begins half a turn behind the one that is next: not before those who wait, nor in one place
    // with them, so that nobody gains by leaving and coming back.
    //
    // Scores go from one command to the next as the text that they came in: a number of Lua's has fewer digits when it is written.
    private static readonly RedisScript Script = new("commit task", """
        if (redis.call('HGET', KEYS[1], 'version') or '0') ~= ARGV[1] then
          return 0
        end

        local own = {}

        function own.COUNT(keys, args)
          if redis.call('HINCRBY', keys[1], args[1], args[2]) <= 0 then
            redis.call('HDEL', keys[1], args[1])
          end
        end

        local function put_lane(keys, repository)
          local head = redis.call('ZRANGE', keys[5], 0, 0)[1]
          if head then
            redis.call('ZADD', keys[4], redis.call('ZSCORE', keys[5], head), repository)
          end
          return head
        end

        function own.ENTER(keys, args)
          local names = { args[3], args[4], args[5] }
          if redis.call('ZADD', keys[5], args[2], args[1]) == 0 then
            return
          end
          for i = 7, 9 do
            redis.call('HINCRBY', keys[6], args[i], 1)
          end
          put_lane(keys, args[6])
          for i = 1, 3 do
            if not redis.call('ZSCORE', keys[i], names[i]) then
              local first = redis.call('ZRANGE', keys[i], 0, 0)[1]
              local turn = first and tonumber(redis.call('ZSCORE', keys[i], first)) + 0.5 or 0
              redis.call('ZADD', keys[i], string.format('%.17g', turn), names[i])
            end
          end
        end

        function own.LEAVE(keys, args)
          local names = { args[2], args[3], args[4], args[5] }
          if redis.call('ZREM', keys[5], args[1]) == 0 then
            return
          end
          for i = 6, 8 do
            own.COUNT({ keys[6] }, { args[i], -1 })
          end
          if put_lane(keys, args[5]) then
            return
          end
          for i = 4, 1, -1 do
            redis.call('ZREM', keys[i], names[i])
            if redis.call('ZCARD', keys[i]) > 0 then
              return
            end
          end
        end

        local at = 3
        for i = 1, tonumber(ARGV[2]) do
          local count = redis.call('HGET', KEYS[tonumber(ARGV[at])], ARGV[at + 1])
          if count and tonumber(count) >= tonumber(ARGV[at + 2]) then
            return 2
          end
          at = at + 3
        end

        while at <= #ARGV do
          local command, keys, args = ARGV[at], {}, {}
          local many = tonumber(ARGV[at + 1])
          for i = 1, many do
            keys[i] = KEYS[tonumber(ARGV[at + 1 + i])]
          end
          at = at + 2 + many
          many = tonumber(ARGV[at])
          for i = 1, many do
            args[i] = ARGV[at + i]
          end
          at = at + 1 + many
          if own[command] then
            own[command](keys, args)
          else
            local call = { command }
            for _, key in ipairs(keys) do
              call[#call + 1] = key
            end
            for _, arg in ipairs(args) do
              call[#call + 1] = arg
            end
            redis.call(unpack(call))
          end
        end
        return 1
        """);
}
