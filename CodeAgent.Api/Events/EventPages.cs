using System.Collections.Concurrent;

namespace CodeAgent.Api.Events;

/// <summary>
/// The pages of events that streams read. Only so many are read at once, and those who wait for the same page share it: when
/// thousands fall behind together, they must neither bury Redis nor each hold a copy.
/// </summary>
internal sealed class EventPages(Func<EventPage, Task<IReadOnlyList<LoggedEvent>>> read) : IDisposable
{
    private const int AtOnce = 16;
    private readonly ConcurrentDictionary<EventPage, Lazy<Task<IReadOnlyList<LoggedEvent>>>> _waiting = new();
    private readonly SemaphoreSlim _room = new(AtOnce);

    /// <summary>The events of a page, as they were at some time after this was called.</summary>
    public Task<IReadOnlyList<LoggedEvent>> ReadAsync(EventPage page) => _waiting.GetOrAdd(page, page => new(() => WhenThereIsRoomAsync(page))).Value;

    public void Dispose() => _room.Dispose();

    private async Task<IReadOnlyList<LoggedEvent>> WhenThereIsRoomAsync(EventPage page)
    {
        await _room.WaitAsync();
        try
        {
            // Whoever comes from now on may know of an event that this answer does not have.
            _waiting.TryRemove(page, out _);
            return await read(page);
        }
        finally
        {
            _room.Release();
        }
    }
}

/// <summary>So many events of a task, after the one with this number.</summary>
internal readonly record struct EventPage(Guid Task, long After, int Limit);
