using System.Collections.Concurrent;
using System.Collections.Immutable;
using CodeAgent.Api.Tasks;
using StackExchange.Redis;

namespace CodeAgent.Api.Events;

/// <summary>Hands new events to everybody in this process who watches their task: one subscription to Redis for all of them.</summary>
internal sealed class EventHub(IConnectionMultiplexer redis, TimeProvider time, ILogger<EventHub> logger)
    : RedisListener(redis, TaskKeys.EventsChannel, time, logger)
{
    private readonly ConcurrentDictionary<Guid, ImmutableList<EventWatch>> _watches = new();

    /// <summary>Watches a task from now on.</summary>
    public EventWatch Watch(Guid task)
    {
        var watch = new EventWatch(ended => Remove(task, ended));
        _watches.AddOrUpdate(task, [watch], (_, watches) => watches.Add(watch));
        return watch;
    }

    protected override void Heard(string message)
    {
        if (_watches.TryGetValue(EventNotice.TaskOf(message), out var watches))
        {
            var notice = EventNotice.Parse(message);
            watches.ForEach(watch => watch.Tell(notice));
        }
    }

    protected override void Missed()
    {
        foreach (var watch in _watches.Values.SelectMany(watches => watches))
        {
            watch.TellMissed();
        }
    }

    private void Remove(Guid task, EventWatch ended)
    {
        while (_watches.TryGetValue(task, out var watches))
        {
            var left = watches.Remove(ended);
            if (left.IsEmpty ? _watches.TryRemove(new(task, watches)) : _watches.TryUpdate(task, left, watches))
            {
                return;
            }
        }
    }
}
