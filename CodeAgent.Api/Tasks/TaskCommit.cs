using CodeAgent.ServiceDefaults.Redis;
using StackExchange.Redis;

namespace CodeAgent.Api.Tasks;

/// <summary>Writes that happen together or not at all, and only while the task has the version that they were decided on.</summary>
/// <remarks>
/// Garnet runs scripts one at a time for a key only with <c>--lua-transaction-mode true</c>. Without it, two commits of one
/// version can both be carried out.
/// </remarks>
internal sealed class TaskCommit
{
    // ARGV: the expected version, then for each write its command, the place of its key in KEYS (0 for none), how many
    // arguments follow, and the arguments.
    private static readonly RedisScript Script = new("commit task", """
        if (redis.call('HGET', KEYS[1], 'version') or '0') ~= ARGV[1] then
          return 0
        end
        local at = 2
        while at <= #ARGV do
          local key, count = tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])
          local call = { ARGV[at] }
          if key > 0 then
            call[2] = KEYS[key]
          end
          for i = 1, count do
            call[#call + 1] = ARGV[at + 2 + i]
          end
          redis.call(unpack(call))
          at = at + 3 + count
        end
        return 1
        """);

    private readonly List<RedisKey> _keys;
    private readonly List<RedisValue> _values;
    private readonly string _id = Guid.NewGuid().ToString("N");

    /// <param name="task">The task's hash.</param>
    /// <param name="version">The version that the writes were decided on; 0 where there is no task yet.</param>
    public TaskCommit(RedisKey task, long version)
    {
        (_keys, _values) = ([task], [version]);
        Do("HSET", task, "version", version + 1, "commit", _id);
    }

    /// <summary>Adds a write.</summary>
    public TaskCommit Do(string command, RedisKey key, params ReadOnlySpan<RedisValue> arguments)
    {
        var place = _keys.IndexOf(key);
        if (place < 0)
        {
            place = _keys.Count;
            _keys.Add(key);
        }

        return Add(command, place + 1, arguments);
    }

    /// <summary>Adds a message to whoever listens.</summary>
    public TaskCommit Publish(string channel, RedisValue message) => Add("PUBLISH", 0, [channel, message]);

    /// <summary>Carries them out.</summary>
    /// <returns>Whether it was done; not where the task has another version by now.</returns>
    /// <exception cref="RedisException">Redis cannot be reached, or did not answer.</exception>
    /// <exception cref="RedisTimeoutException">Redis did not answer; <see cref="WasDoneAsync"/> may know more.</exception>
    public async Task<bool> RunAsync(IDatabase redis) => (int)await Script.RunAsync(redis, [.. _keys], [.. _values]) == 1;

    /// <summary>Whether this was the last commit of the task: after an answer that did not come.</summary>
    public async Task<bool> WasDoneAsync(IDatabase redis) => await redis.HashGetAsync(_keys[0], "commit") == _id;

    private TaskCommit Add(string command, int key, ReadOnlySpan<RedisValue> arguments)
    {
        _values.AddRange([command, key, arguments.Length]);
        _values.AddRange(arguments);
        return this;
    }
}
