using System.Runtime.CompilerServices;
using CodeAgent.Api.Tasks;
using CodeAgent.ServiceDefaults.Redis;
using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace CodeAgent.Api.Events;

/// <summary>The events of tasks: what is written already, and what comes.</summary>
internal sealed partial class EventLog(
    IConnectionMultiplexer redis, EventHub hub, IOptions<EventOptions> options, TimeProvider time, ILogger<EventLog> logger) : IDisposable
{
    // Whoever reads slowly holds one page: of so many events, and fewer where they are long.
    private const int FirstPage = 20;
    private const int LargestPage = 200;
    private const int PageCharacters = 256 * 1024;
    private readonly EventPages _pages = new(async page => [.. (await ReadAsync(redis.GetDatabase(), page)).Select(line => LoggedEvent.Parse(line!))]);

    private IDatabase Redis => redis.GetDatabase();

    /// <summary>Events after number <paramref name="after"/>, oldest first: JSON, UTF-8, each as it was written.</summary>
    public Task<RedisValue[]> ReadRawAsync(Guid task, long after, int limit) => ReadAsync(Redis, new(task, after, limit));

    /// <summary>
    /// All events after number <paramref name="after"/> in order, each once, until the task is final and its last event is given.
    /// An empty batch means that there was nothing for a while. While Redis is away there is nothing either; it goes on after that.
    /// </summary>
    public async IAsyncEnumerable<IReadOnlyList<LoggedEvent>> FollowAsync(
        Guid task, long after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // Watching begins before reading, so that nothing falls in between.
        using var watch = hub.Watch(task);
        var (readLog, page) = (true, FirstPage);
        while (true)
        {
            while (readLog)
            {
                var written = await UnlessAwayAsync(_pages.ReadAsync(new(task, after, page)), []);
                readLog = written.Count == page;
                if (written.Count > 0)
                {
                    yield return written;
                    after = written[^1].Number;
                    page = Math.Clamp((int)(written.Count * (long)PageCharacters / (1 + written.Sum(e => (long)e.Json.Length))), 1, LargestPage);
                }
            }

            if (await UnlessAwayAsync(IsOverAsync(task, after), false))
            {
                yield break;
            }

            // Live, until the log has to be read again: because of a gap, of silence, or since this may have been the end.
            while (!readLog)
            {
                var news = await watch.NextAsync(options.Value.Heartbeat, time, cancellationToken);
                var next = news.SkipWhile(e => e.Number <= after).ToList();
                readLog = news.Count == 0 || next.FirstOrDefault()?.Number > after + 1 || next.Any(e => e.IsFinal);
                if (next.Count > 0 && next[0].Number == after + 1)
                {
                    yield return next;
                    after = next[^1].Number;
                }
                else if (news.Count == 0)
                {
                    yield return [];
                }
            }
        }
    }

    /// <summary>Whether no event comes after number <paramref name="after"/>, unless the task is tried again.</summary>
    public async Task<bool> IsOverAsync(Guid task, long after)
    {
        var status = await Redis.HashGetAsync(RedisKeys.Task(task), "status");
        return status.ToString() is "succeeded" or "failed" or "canceled" && await Redis.ListLengthAsync(TaskKeys.Events(task)) <= after;
    }

    public void Dispose() => _pages.Dispose();

    // The place in the list is the number less one.
    private static Task<RedisValue[]> ReadAsync(IDatabase redis, EventPage page) =>
        redis.ListRangeAsync(TaskKeys.Events(page.Task), page.After, page.After + page.Limit - 1);

    private async Task<T> UnlessAwayAsync<T>(Task<T> answer, T otherwise)
    {
        try
        {
            return await answer;
        }
        catch (Exception e) when (e.MeansRedisIsAway())
        {
            LogAway(e.GetType().Name);
            return otherwise;
        }
    }

    // The hub says once that Redis is away; there may be ten thousand streams.
    [LoggerMessage(LogLevel.Debug, "Redis is away ({Error}); a stream of events waits for it")]
    private partial void LogAway(string error);
}
