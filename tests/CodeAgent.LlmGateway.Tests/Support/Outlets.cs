using System.Collections;
using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging.Testing;
using StackExchange.Redis;

namespace CodeAgent.LlmGateway.Tests.Support;

/// <summary>All that comes out of a gateway, to be searched: answers, logs, spans, metrics and what is in Redis.</summary>
internal sealed class Outlets : IDisposable
{
    private readonly ConcurrentQueue<(string Place, string Text)> _found = [];
    private readonly ActivityListener _spans;
    private readonly MeterListener _meters = new();

    public Outlets()
    {
        _spans = new()
        {
            ShouldListenTo = _ => true,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = span => Add("span", Text(span)),
        };
        ActivitySource.AddActivityListener(_spans);
        _meters.InstrumentPublished = (instrument, listener) => listener.EnableMeasurementEvents(instrument);
        Listen<byte>();
        Listen<short>();
        Listen<int>();
        Listen<long>();
        Listen<float>();
        Listen<double>();
        Listen<decimal>();
        _meters.Start();
    }

    /// <summary>How much came out at a place.</summary>
    public int Count(string place) => _found.Count(found => found.Place == place);

    public void Add(string place, string text) => _found.Enqueue((place, text));

    public void AddLogs(FakeLogCollector logs)
    {
        foreach (var line in logs.GetSnapshot())
        {
            Add("log", $"{line.Category} {line.Id} {line.Message} {Text(line.State)} {string.Join(' ', line.StructuredState ?? [])} {string.Join(' ', line.Scopes.Select(Text))} {line.Exception}");
        }
    }

    public async Task AddRedisAsync(IConnectionMultiplexer redis)
    {
        var database = redis.GetDatabase();
        await foreach (var key in redis.GetServers()[0].KeysAsync())
        {
            Add("redis", key.ToString());
            Add("redis", await database.KeyTypeAsync(key) switch
            {
                RedisType.String => (string?)await database.StringGetAsync(key) ?? "",
                RedisType.Hash => string.Join('\n', await database.HashGetAllAsync(key)),
                RedisType.List => string.Join('\n', await database.ListRangeAsync(key)),
                RedisType.Set => string.Join('\n', await database.SetMembersAsync(key)),
                RedisType.SortedSet => string.Join('\n', await database.SortedSetRangeByRankAsync(key)),
                RedisType.None => "",
                var type => throw new InvalidOperationException($"{key} is a {type}, which is not searched."),
            });
        }
    }

    /// <summary>Where the words are; each place with the text around the word.</summary>
    public IReadOnlyList<string> Find(IReadOnlyCollection<string> words, params string[] exceptAt) =>
    [
        .. from found in _found
           where !exceptAt.Contains(found.Place)
           from word in words
           let at = found.Text.IndexOf(word, StringComparison.OrdinalIgnoreCase)
           where at >= 0
           select $"{found.Place}: {found.Text[Math.Max(0, at - 100)..Math.Min(found.Text.Length, at + word.Length + 20)]}",
    ];

    public void Dispose()
    {
        _spans.Dispose();
        _meters.Dispose();
    }

    private void Listen<T>()
        where T : struct => _meters.SetMeasurementEventCallback<T>((instrument, _, tags, _) => Add("metric", $"{instrument.Meter.Name} {instrument.Name} {Text(tags.ToArray())}"));

    private static string Text(Activity span) => $"{span.Source.Name} {span.OperationName} {span.DisplayName} {span.StatusDescription} {span.TraceStateString} "
        + $"{Text(span.TagObjects)} {Text(span.Baggage)} {string.Join(' ', span.Events.Select(e => $"{e.Name} {Text(e.Tags)}"))} {string.Join(' ', span.Links.Select(link => Text(link.Tags)))}";

    private static string Text(object? value) => value is IEnumerable list and not string
        ? string.Join(' ', list.Cast<object?>().Select(item => item is KeyValuePair<string, object?> pair ? $"{pair.Key}={Text(pair.Value)}" : Text(item)))
        : value?.ToString() ?? "";
}
