using System.Collections.Concurrent;
using System.Security.Claims;
using Microsoft.Extensions.Options;

namespace CodeAgent.ServiceDefaults.Identity;

/// <summary>
/// Keys that were found lately, by the hash that they were looked for under. Nothing is remembered while news of revoked keys
/// cannot be heard, and what is being asked while such news comes is not remembered either, since it may be from before.
/// </summary>
public sealed class KeyMemory(IOptions<KeyDirectoryOptions> options, TimeProvider time)
{
    private const int MostRemembered = 10_000;
    private readonly ConcurrentDictionary<string, Remembered> _remembered = [];
    private volatile bool _listening;
    private int _forgotten;

    /// <summary>Counts what was forgotten: take it before asking.</summary>
    internal int Mark => Volatile.Read(ref _forgotten);

    /// <summary>News of revoked keys is heard from now on, or not any more.</summary>
    internal void Listen(bool listening)
    {
        _listening = listening;
        Forget();
    }

    internal bool TryFind(string hash, out ClaimsPrincipal caller)
    {
        var found = _remembered.TryGetValue(hash, out var known) && known.Until > time.GetTimestamp();
        caller = known?.Caller!;
        return found;
    }

    internal void Remember(string hash, string stored, ClaimsPrincipal caller, int mark)
    {
        if (options.Value.RememberFor <= TimeSpan.Zero || !_listening)
        {
            return;
        }

        if (_remembered.Count >= MostRemembered)
        {
            _remembered.Clear();
        }

        _remembered[hash] = new(caller, stored, time.GetTimestamp() + (long)(options.Value.RememberFor.TotalSeconds * time.TimestampFrequency));
        if (mark != Mark)
        {
            _remembered.TryRemove(hash, out _);
        }
    }

    /// <summary>Forgets what is stored under a hash, or everything.</summary>
    internal void Forget(string? stored = null)
    {
        Interlocked.Increment(ref _forgotten);
        if (stored is null)
        {
            _remembered.Clear();
            return;
        }

        foreach (var entry in _remembered.Where(entry => entry.Value.Stored == stored))
        {
            _remembered.TryRemove(entry);
        }
    }

    private sealed record Remembered(ClaimsPrincipal Caller, string Stored, long Until);
}

/// <summary>How keys are looked up.</summary>
public sealed class KeyDirectoryOptions
{
    /// <summary>How long a key that was found is good without asking again. 0 by default: each time. Revoking a key ends it at once all the same.</summary>
    public TimeSpan RememberFor { get; set; }
}
