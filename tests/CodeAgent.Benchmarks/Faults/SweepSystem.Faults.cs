using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;

namespace CodeAgent.Benchmarks.Faults;

// What is done to the servers.
internal sealed partial class SweepSystem
{
    // What was on its way to Redis when a link was held is there after this.
    private static readonly TimeSpan Arrival = TimeSpan.FromMilliseconds(60);

    // The clock looks once a second what time it is to tell, and what an answer says of it is of the second before.
    private static readonly TimeSpan ClockPatience = TimeSpan.FromSeconds(4);
    private const double Rounding = 1.5;
    private static readonly TimeSpan ClockLook = TimeSpan.FromMilliseconds(150);
    private readonly ConcurrentDictionary<string, SemaphoreSlim> _turns = [];

    /// <summary>Does something to a server, and puts it right after its time. Two faults of one server come one after the other.</summary>
    /// <param name="fault">What.</param>
    /// <param name="journal">Where it is noted when Redis was lost.</param>
    /// <param name="beforeLoss">Looks at Redis before it is lost, while nobody writes.</param>
    /// <param name="stop">Breaks off; the server may stay as it is.</param>
    /// <returns>Whether it came to pass.</returns>
    public async Task<bool> HitAsync(ServerFault fault, Journal journal, Func<Task> beforeLoss, CancellationToken stop)
    {
        var turns = Targets(fault).Order(StringComparer.Ordinal).Select(target => _turns.GetOrAdd(target, static _ => new(1, 1))).ToList();
        foreach (var turn in turns)
        {
            await turn.WaitAsync(stop);
        }

        try
        {
            return await HitAsync(fault, () => LoseRedisAsync(journal, beforeLoss, stop), stop);
        }
        finally
        {
            turns.ForEach(turn => turn.Release());
        }
    }

    private static IReadOnlyList<string> Targets(ServerFault fault) => fault.Kind switch
    {
        FaultKind.KillApi or FaultKind.StopApi => [$"api {fault.Instance}"],
        FaultKind.CutRedis or FaultKind.HoldRedis => [$"link {fault.Instance}"],
        FaultKind.CutClients or FaultKind.HoldClients => [$"front {fault.Instance}"],
        FaultKind.LoseRedis => ["link 0", "link 1", "redis"],
        FaultKind.RestartRedis or FaultKind.StopRedis or FaultKind.PauseRedis or FaultKind.ForgetScripts => ["redis"],
        FaultKind.JumpClock => ["clock"],
        FaultKind.FillDisk => ["disk"],
        _ => throw new ArgumentOutOfRangeException(nameof(fault), fault.Kind, "Nobody knows whom it hits."),
    };

    private async Task<bool> HitAsync(ServerFault fault, Func<Task> lose, CancellationToken stop)
    {
        var (api, link, front) = (_apis[fault.Instance], _links[fault.Instance], _fronts[fault.Instance]);
        switch (fault.Kind)
        {
            case FaultKind.KillApi:
                await api.KillAsync(stop);
                await api.StartAsync(stop);
                break;
            case FaultKind.StopApi:
                await api.SignalAsync("STOP", stop);
                await Task.Delay(fault.Length, stop);
                await api.SignalAsync("CONT", stop);
                break;
            case FaultKind.CutRedis:
                link.Cut();
                break;
            case FaultKind.HoldRedis:
                link.Hold();
                await Task.Delay(fault.Length, stop);
                link.Release();
                break;
            case FaultKind.CutClients:
                front.Cut();
                break;
            case FaultKind.HoldClients:
                front.Hold();
                await Task.Delay(fault.Length, stop);
                front.Release();
                break;
            case FaultKind.RestartRedis:
                await _redis.KillAsync(stop);
                await _redis.StartAsync(stop);
                break;
            case FaultKind.LoseRedis:
                await lose();
                break;
            case FaultKind.StopRedis:
                await _redis.SignalAsync("STOP", stop);
                await Task.Delay(fault.Length, stop);
                await _redis.SignalAsync("CONT", stop);
                break;
            case FaultKind.ForgetScripts:
                await WithRedisAsync(client => client.GetDatabase().ExecuteAsync("SCRIPT", "FLUSH"));
                break;
            case FaultKind.PauseRedis:
                await WithRedisAsync(client => client.GetDatabase().ExecuteAsync("CLIENT", "PAUSE", (long)fault.Length.TotalMilliseconds, "ALL"));
                await Task.Delay(fault.Length, stop);
                break;
            case FaultKind.JumpClock:
                await SetClockAsync(fault.Jump, stop);
                var hasJumped = await ShowsAsync(fault.Jump, stop);
                await Task.Delay(fault.Length, stop);
                await SetClockAsync(0, stop);
                await ShowsAsync(0, stop);
                return hasJumped;
            case FaultKind.FillDisk:
                await _disk.FillAsync(stop);
                await Task.Delay(fault.Length, stop);
                _disk.Free();
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(fault), fault.Kind, "Nobody knows how.");
        }

        return true;
    }

    // Nobody writes any more, it is looked at, and then it is gone. What was on its way from it never arrives.
    private async Task LoseRedisAsync(Journal journal, Func<Task> beforeLoss, CancellationToken stop)
    {
        Array.ForEach(_links, link => link.Hold());
        try
        {
            await Task.Delay(Arrival, stop);
            await beforeLoss();
            journal.LostAt = Journal.Now;
            await _redis.KillAsync(stop);
            Directory.Delete(_data, recursive: true);
            Directory.CreateDirectory(_data);
            journal.BackAt = Journal.Now;
            await _redis.StartAsync(stop);
            Array.ForEach(_links, link => link.Cut());
        }
        finally
        {
            Array.ForEach(_links, link => link.Release());
        }
    }

    // Written beside and moved, so that nobody reads half of it.
    private async Task SetClockAsync(int seconds, CancellationToken stop)
    {
        await File.WriteAllTextAsync(_clock + ".new", string.Create(CultureInfo.InvariantCulture, $"{seconds:+0;-0;+0}\n"), stop);
        File.Move(_clock + ".new", _clock, overwrite: true);
    }
    // Whether the second instance's clock shows so many seconds more than ours. It may be stopped, or starting, just now.
    private async Task<bool> ShowsAsync(int seconds, CancellationToken stop)
    {
        using var http = new HttpClient { BaseAddress = new($"http://127.0.0.1:{_ports[1]}"), Timeout = ClockLook * 2 };
        for (var began = Journal.Now; Stopwatch.GetElapsedTime(began) < ClockPatience; await Task.Delay(ClockLook, stop))
        {
            try
            {
                using var answer = await http.GetAsync("health", stop);
                if (answer.Headers.Date is { } date && Math.Abs((date - TimeProvider.System.GetUtcNow()).TotalSeconds - seconds) < Rounding)
                {
                    return true;
                }
            }
            catch (Exception e) when (e is HttpRequestException || (e is OperationCanceledException && !stop.IsCancellationRequested))
            {
                // Asked again.
            }
        }

        return false;
    }
}
