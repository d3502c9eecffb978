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

    /// <summary>Some task may have changed. Handlers must not wait for anything.</summary>
    public event Action? Changed;

    /// <summary>How many watch a task in this process; workers whose heartbeats wait for news among them.</summary>
    public int Watchers => _watches.Values.Sum(watches => watches.Count);

    /// <summary>Watches a task from now on.</summary>
    public EventWatch Watch(Guid task)
    {
        var watch = new EventWatch(ended => Remove(task, ended));
        _watches.AddOrUpdate(task, [watch], (_, watches) => watches.Add(watch));
        return watch;
    }

    protected override void Heard(string message)
    {
        Changed?.Invoke();
        if (_watches.TryGetValue(EventNotice.TaskOf(message), out var watches))
        {
            var notice = EventNotice.Parse(message);
            watches.ForEach(watch => watch.Tell(notice));
        }
    }

    protected override void Missed()
    {
        Changed?.Invoke();
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
