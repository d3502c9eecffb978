using System.Collections.Concurrent;
using CodeAgent.ServiceDefaults.Redis;

namespace CodeAgent.ServiceDefaults.Identity;

/// <summary>
/// Writes when keys were last used: beside the requests, all keys together, and each at most once a minute; so it may be a
/// minute behind.
/// </summary>
internal sealed partial class KeyUses(KeyStore store, TimeProvider time, ILogger<KeyUses> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Apart = TimeSpan.FromMinutes(1);
    private readonly ConcurrentDictionary<string, Use> _uses = [];

    /// <summary>A key was used just now.</summary>
    public void Note(string id) => Volatile.Write(ref _uses.GetOrAdd(id, static _ => new()).At, time.GetUtcNow().ToUnixTimeMilliseconds());

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                await WriteAsync(Apart);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            await WriteAsync(TimeSpan.Zero);
        }
    }

    /// <summary>Writes what is due: keys that were used since their last write, if that was so long ago.</summary>
    internal async Task WriteAsync(TimeSpan apart)
    {
        var now = time.GetUtcNow().ToUnixTimeMilliseconds();
        var due = new List<(string Id, Use Use, long At)>();
        foreach (var (id, use) in _uses)
        {
            var at = Volatile.Read(ref use.At);
            if (at > use.Written && now - use.WrittenWhen >= apart.TotalMilliseconds)
            {
                due.Add((id, use, at));
            }
            else if (at <= use.Written && now - at > Apart.TotalMilliseconds)
            {
                _uses.TryRemove(KeyValuePair.Create(id, use));
            }
        }

        if (due.Count == 0)
        {
            return;
        }

        try
        {
            await store.UsedAsync([.. due.Select(entry => (entry.Id, entry.At))]);
            due.ForEach(entry => (entry.Use.Written, entry.Use.WrittenWhen) = (entry.At, now));
        }
        catch (Exception e) when (e.MeansRedisIsAway())
        {
            LogLater(e.GetType().Name);
        }
    }

    [LoggerMessage(LogLevel.Debug, "Redis is away ({Error}); when keys were last used is written when it is back")]
    private partial void LogLater(string error);

    private sealed class Use
    {
        public long At;

        public long Written { get; set; }

        public long WrittenWhen { get; set; }
    }
}
