using CodeAgent.Api.Idempotency;
using CodeAgent.Api.Repositories;
using CodeAgent.Api.Tasks;
using CodeAgent.Contracts;
using CodeAgent.ServiceDefaults.Configuration;
using CodeAgent.ServiceDefaults.Redis;
using StackExchange.Redis;

namespace CodeAgent.Api.Operations;

/// <summary>What operators want, in Redis, so that every instance obeys, and one that comes later as well.</summary>
internal sealed class OperationsStore(IConnectionMultiplexer redis, ConfigFile<ApiConfig> config, TimeProvider time)
{
    private const int MostAtOnce = 1_000;

    // A request that has an id is carried out once: a late repetition does not stop again what was resumed since.
    private const string Once = "if #KEYS == 2 and not redis.call('SET', KEYS[2], '1', 'NX', 'PX', ARGV[1]) then return 0 end\n";

    // A second stop changes nothing: the first one's time counts.
    private static readonly RedisScript Stop = new("stop", Once + """
        if redis.call('HEXISTS', KEYS[1], 'stopped') == 0 then
          redis.call('HSET', KEYS[1], 'stopped', ARGV[2], 'stopped-by', ARGV[3])
        end
        redis.call('PUBLISH', ARGV[4], 'stop')
        return 1
        """);

    private static readonly RedisScript Resume = new("resume", Once + """
        redis.call('HDEL', KEYS[1], 'stopped', 'stopped-by')
        redis.call('PUBLISH', ARGV[2], 'resume')
        return 1
        """);

    private static readonly RedisScript Restart = new("restart", Once + """
        redis.call('HDEL', KEYS[1], 'stopped', 'stopped-by')
        redis.call('HSET', KEYS[1], 'restarted', ARGV[2])
        redis.call('HINCRBY', KEYS[1], 'restarts', 1)
        redis.call('PUBLISH', ARGV[3], 'restart')
        return 1
        """);

    private readonly DateTimeOffset _begin = time.GetUtcNow();

    private IDatabase Redis => redis.GetDatabase();

    /// <summary>What is wanted now.</summary>
    public async Task<OperationsState> ReadAsync() => OperationsState.Of(await Redis.HashGetAllAsync(OperationsKeys.State));

    /// <summary>No task is given to a worker any more.</summary>
    /// <param name="by">Who wants it.</param>
    /// <param name="once">The request, where it may be repeated.</param>
    public Task StopAsync(string by, IdempotentRequest? once = null) => Stop.RunAsync(Redis, Keys(once), [KeepFor(), Now(), by, OperationsKeys.Channel]);

    /// <summary>Tasks are given to workers again.</summary>
    public Task ResumeAsync(IdempotentRequest? once = null) => Resume.RunAsync(Redis, Keys(once), [KeepFor(), OperationsKeys.Channel]);

    /// <summary>The same, and tasks that a worker has now are given back after their turn.</summary>
    public async Task RestartAsync(IdempotentRequest? once = null)
    {
        if (once is { IsRepetition: true } && await Redis.KeyExistsAsync(OperationsKeys.Request(once.Id)))
        {
            return;
        }

        // What is claimed between the two belongs to the restart all the same: it is older than that. It is not shown as pending.
        var running = (await Redis.SortedSetRangeByRankAsync(TaskKeys.Status(TaskStatus.Running), 0, MostAtOnce - 1)).Select(id => id.ToString()).ToList();
        var fences = await Task.WhenAll(running.Select(id => Redis.HashGetAsync(RedisKeys.Task(Guid.Parse(id)), "fence")));
        await Redis.KeyDeleteAsync(OperationsKeys.BeforeRestart);
        await Redis.HashSetAsync(OperationsKeys.BeforeRestart, [.. running.Zip(fences).Where(pair => pair.Second.HasValue).Select(pair => new HashEntry(pair.First, pair.Second))]);
        await Restart.RunAsync(Redis, Keys(once), [KeepFor(), Now(), OperationsKeys.Channel]);
    }

    /// <summary>How the system is operated, for people.</summary>
    public async Task<OperationsView> ViewAsync()
    {
        var running = Redis.SortedSetLengthAsync(TaskKeys.Status(TaskStatus.Running));
        var queued = Redis.SortedSetLengthAsync(TaskKeys.Status(TaskStatus.Queued));
        var pending = IsRestartPendingAsync();
        var state = await ReadAsync();
        return new()
        {
            State = StateOf(state, await running),
            StoppedAt = state.StoppedAt,
            StoppedBy = state.StoppedBy,
            Running = await running,
            Queued = await queued,
            RestartPending = await pending,
            Restarts = state.Restarts,
            StartedAt = state.StartedAt ?? _begin,
            EndedAt = state.EndedAt,
            EndedCleanly = state.EndedCleanly,
            Claims = state.Claims,
        };
    }

    /// <summary>Running, draining or stopped.</summary>
    public static string StateOf(OperationsState state, long running) =>
        state.StoppedAt is null ? OperationsView.StateRunning : running > 0 ? OperationsView.StateDraining : OperationsView.StateStopped;

    // A lease is over when the task has another fencing number, or none has it. Those that are need not be looked at again.
    private async Task<bool> IsRestartPendingAsync()
    {
        var before = await Redis.HashGetAllAsync(OperationsKeys.BeforeRestart);
        var now = await Task.WhenAll(before.Select(entry => Redis.HashGetAsync(RedisKeys.Task(Guid.Parse(entry.Name.ToString())), ["fence", "status"])));
        var over = before.Zip(now).Where(pair => pair.Second[0] != pair.First.Value || pair.Second[1] != "running").Select(pair => pair.First.Name).ToArray();
        if (over.Length > 0)
        {
            await Redis.HashDeleteAsync(OperationsKeys.BeforeRestart, over);
        }

        return over.Length < before.Length;
    }

    private static RedisKey[] Keys(IdempotentRequest? once) => once is null ? [OperationsKeys.State] : [OperationsKeys.State, OperationsKeys.Request(once.Id)];

    private long KeepFor() => (long)config.Current.Idempotency.Keep.TotalMilliseconds;

    private long Now() => time.GetUtcNow().ToUnixTimeMilliseconds();
}
