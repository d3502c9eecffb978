using System.Diagnostics;
using System.Text.Json;
using CodeAgent.Contracts;
using StackExchange.Redis;
using TaskStatus = CodeAgent.Contracts.TaskStatus;

namespace CodeAgent.Benchmarks.Faults;

// When a seed is over.
internal sealed partial class SeedRun
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(80);

    // What is still open after the patience; null where all is final and seen. A fault whose step never comes does not happen.
    private async Task<string?> SettleAsync(ApiClients clients, List<Task> faults, CancellationToken stop)
    {
        var (looks, final) = (0, new HashSet<Guid>());
        while (true)
        {
            var open = await OpenAsync(clients, final, plan.Seed + looks++, stop);
            if (open is null)
            {
                // A fault may begin just now.
                await Task.Delay(Look, stop);
                open = Volatile.Read(ref _hitting) > 0 ? "a fault" : await OpenAsync(clients, final, plan.Seed + looks, stop);
            }

            if (open is null || (Volatile.Read(ref _hitting) == 0 && Stopwatch.GetElapsedTime(_lastFault) > Patience))
            {
                return open;
            }

            // One that cannot be made is no finding about the Api.
            await Task.WhenAll(faults.Where(fault => fault.IsFaulted));
            await Task.Delay(Look, stop);
        }
    }

    private async Task<string?> OpenAsync(ApiClients clients, HashSet<Guid> final, int instance, CancellationToken stop)
    {
        if (Copy(_clients).Any(client => !client.IsCompleted))
        {
            return "a client has no answer";
        }

        var live = _journal.Accepted.Where(accepted => !_journal.IsLost(accepted.AnsweredAt)).DistinctBy(accepted => accepted.Id).ToList();
        foreach (var accepted in live.Where(accepted => !final.Contains(accepted.Id)))
        {
            var answer = await clients.AskAsync(instance, () => ApiClients.Request(HttpMethod.Get, $"v1/tasks/{accepted.Id}", system.ApiKey), stop);
            if (answer.Status is not (200 or 404))
            {
                return $"GET /v1/tasks/{accepted.Id} is answered {answer.Status} {answer.Body}";
            }

            if (answer.Status == 200 && JsonSerializer.Deserialize(answer.Body, ContractsJson.Lenient.TaskView)!.Status is not (TaskStatus.Succeeded or TaskStatus.Failed or TaskStatus.Canceled))
            {
                return $"the task is not final: {answer.Body}";
            }

            final.Add(accepted.Id);
        }

        return live.FirstOrDefault(accepted => _journal.Watchers.TryGetValue(accepted.Id, out var watcher) && !watcher.IsOver && !watcher.IsMissing) is { } watched ? $"the watcher of {watched.Id} has not seen its end"
            : await CountOpenAsync();
    }

    private async Task<string?> CountOpenAsync()
    {
        try
        {
            return await system.CountOpenAsync() is > 0 and var open ? $"{open} tasks in Redis are not final" : null;
        }
        catch (Exception e) when (e is RedisConnectionException or RedisTimeoutException)
        {
            return $"Redis is away: {e.Message}";
        }
    }
}
