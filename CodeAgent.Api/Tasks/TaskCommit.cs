using StackExchange.Redis;

namespace CodeAgent.Api.Tasks;

/// <summary>What became of a <see cref="TaskCommit"/>.</summary>
internal enum CommitResult
{
    /// <summary>The task has another version by now: nothing was written.</summary>
    Conflict,

    /// <summary>It was carried out.</summary>
    Done,

    /// <summary>A count is at its limit: nothing was written.</summary>
    AtLimit,
}

/// <summary>Writes that happen together or not at all, and only while the task has the version that they were decided on.</summary>
/// <remarks>
/// Garnet runs scripts one at a time for a key only with <c>--lua-transaction-mode true</c>. Without it, two commits of one
/// version can both be carried out.
/// </remarks>
internal sealed partial class TaskCommit
{
    private readonly List<RedisKey> _keys;
    private readonly List<RedisValue> _limits = [];
    private readonly List<RedisValue> _writes = [];
    private readonly RedisValue _version;
    private readonly string _id = Guid.NewGuid().ToString("N");

    /// <param name="task">The task's hash.</param>
    /// <param name="version">The version that the writes were decided on; 0 where there is no task yet.</param>
    public TaskCommit(RedisKey task, long version)
    {
        (_keys, _version) = ([task], version);
        Do("HSET", task, "version", version + 1, "commit", _id);
    }

    /// <summary>A commit that writes to no task, only while it has this version.</summary>
    public static TaskCommit Beside(RedisKey task, long version) => new([task], version);

    private TaskCommit(List<RedisKey> keys, RedisValue version) => (_keys, _version) = (keys, version);

    /// <summary>Adds a write.</summary>
    public TaskCommit Do(string command, RedisKey key, params ReadOnlySpan<RedisValue> arguments) => Do(command, [key], arguments);

    /// <summary>Adds a write to several keys.</summary>
    public TaskCommit Do(string command, ReadOnlySpan<RedisKey> keys, params ReadOnlySpan<RedisValue> arguments)
    {
        _writes.AddRange([command, keys.Length]);
        foreach (var key in keys)
        {
            _writes.Add(PlaceOf(key));
        }

        _writes.Add(arguments.Length);
        _writes.AddRange(arguments);
        return this;
    }

    /// <summary>Adds a message to whoever listens.</summary>
    public TaskCommit Publish(string channel, RedisValue message) => Do("PUBLISH", (ReadOnlySpan<RedisKey>)[], channel, message);

    /// <summary>Adds a condition: <paramref name="field"/> of the hash <paramref name="key"/> is below <paramref name="limit"/>; none where that is null.</summary>
    public void Require(RedisKey key, RedisValue field, int? limit) => _limits.AddRange(limit is { } most ? [PlaceOf(key), field, most] : []);

    /// <summary>Carries them out.</summary>
    /// <exception cref="RedisException">Redis cannot be reached, or did not answer.</exception>
    /// <exception cref="RedisTimeoutException">Redis did not answer; <see cref="WasDoneAsync"/> may know more.</exception>
    public async Task<CommitResult> RunAsync(IDatabase redis) =>
        (CommitResult)(int)await Script.RunAsync(redis, [.. _keys], [_version, _limits.Count / 3, .. _limits, .. _writes]);

    /// <summary>Whether this was the last commit of the task: after an answer that did not come.</summary>
    public async Task<bool> WasDoneAsync(IDatabase redis) => await redis.HashGetAsync(_keys[0], "commit") == _id;

    private int PlaceOf(RedisKey key)
    {
        var place = _keys.IndexOf(key);
        if (place < 0)
        {
            place = _keys.Count;
            _keys.Add(key);
        }

        return place + 1;
    }
}
