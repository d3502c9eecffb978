using System.Diagnostics;
using System.Text.Json;
using CodeAgent.Contracts;
using StackExchange.Redis;
using TaskStatus = CodeAgent.Contracts.TaskStatus;

namespace CodeAgent.Benchmarks.Faults;

/// <summary>One seed on a system: clients, workers and watchers live through its faults, then all invariants are looked at.</summary>
internal sealed class SeedRun(SweepSystem system, FaultPlan plan, Tally tally) : IDisposable
{
    private const int TasksAfterLoss = 2;

    // What an instance still has on its way when the last fault is over ends within its patience with Redis.
    private static readonly TimeSpan Echo = TimeSpan.FromSeconds(1.6);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(80);
    private readonly Journal _journal = new();
    private readonly StepSignal _steps = new();
    private readonly List<Task> _clients = [];
    private readonly List<Task> _watchers = [];
    private readonly CancellationTokenSource _end = new();
    private long _lastFault = Journal.Now;
    private int _hitting;

    /// <summary>Runs it.</summary>
    /// <returns>What does not hold.</returns>
    public async Task<IReadOnlyList<Violation>> RunAsync(CancellationToken stop)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, _end.Token);
        await system.ForgetAsync();
        using var clients = new ApiClients(system.Addresses, _journal);
        var checks = new SeedChecks(system, _journal, tally);
        var workers = plan.Workers.Select((leases, place) => new SweepWorker(clients, system.WorkerKey, $"worker-{place + 1}", leases, _journal, _steps, tally)).ToList();
        var working = workers.Select((worker, place) => UntilEndAsync(worker.RunAsync(place, either.Token))).ToList();
        var faults = plan.Faults.Select(fault => UntilEndAsync(FaultAsync(fault, clients, checks, either.Token, stop))).ToList();
        for (var place = 0; place < plan.Tasks.Count; place++)
        {
            Begin(clients, plan.Tasks[place], $"{plan.Seed}-{place}", either.Token);
        }

        var open = await SettleAsync(clients, faults, stop);
        await _end.CancelAsync();
        await Task.WhenAll([.. working, .. faults, .. Copy(_clients), .. Copy(_watchers)]);
        if (Stopwatch.GetElapsedTime(_lastFault) is var since && since < Echo)
        {
            await Task.Delay(Echo - since, stop);
        }

        if (open is not null)
        {
            return [new(Invariants.Settles, open), .. await checks.RunAsync(null, null)];
        }

        // Nobody's lease opens anything any more, and each key still stands for its task.
        var over = Journal.Now;
        await Task.WhenAll(_journal.Grants.ToList().Select((grant, place) => workers[place % workers.Count].ReplayAsync(grant, stop)));
        await Task.WhenAll(_journal.Accepted.Where(accepted => _journal.IsOfNow(accepted.SentAt)).Select(accepted => RepeatAsync(clients, accepted, stop)));
        return await checks.RunAsync(over, task => clients.DownloadAsync($"v1/tasks/{task}/artifacts/{SweepWorker.Report}", system.ApiKey, stop));
    }

    public void Dispose() => _end.Dispose();

    private void Begin(ApiClients clients, TaskPlan task, string key, CancellationToken stop)
    {
        lock (_clients)
        {
            _clients.Add(UntilEndAsync(ClientAsync(clients, task, key, stop)));
        }
    }

    private async Task ClientAsync(ApiClients clients, TaskPlan task, string key, CancellationToken stop)
    {
        await Task.Delay(task.At, stop);
        _steps.Reach(LifeStep.Queued);
        var place = key.Length + plan.Seed;
        if (task.Twice)
        {
            tally.Fault("client sends twice", LifeStep.Queued);
        }

        var ids = await Task.WhenAll(Enumerable.Range(0, task.Twice ? 2 : 1).Select(copy => SubmitAsync(clients, key, place + copy, stop)));
        var id = ids[^1];
        var watcher = new SweepWatcher(clients, system.ApiKey, id, task.WatchEach);
        if (_journal.Watchers.TryAdd(id, watcher))
        {
            lock (_watchers)
            {
                _watchers.Add(UntilEndAsync(watcher.RunAsync(place, stop)));
            }
        }

        if (task.CancelAfter is { } wait)
        {
            await Task.Delay(wait, stop);
            _journal.Cancels.TryAdd(id, false);
            tally.Fault("client cancels", LifeStep.MidEvents);
            var answer = await clients.InsistAsync(place, () => ApiClients.Request(HttpMethod.Post, $"v1/tasks/{id}/cancel", system.ApiKey, once: $"cancel-{key}"), stop);
            _journal.Cancels[id] = answer.IsAccepted;
        }
    }

    // Again and again under its key, until there is an answer.
    private async Task<Guid> SubmitAsync(ApiClients clients, string key, int instance, CancellationToken stop)
    {
        while (true)
        {
            var sent = Journal.Now;
            var answer = await clients.AskAsync(instance++, () => Submission(key), stop);
            if (answer is { Status: 201, Body.Length: > 0 })
            {
                using var view = JsonDocument.Parse(answer.Body);
                var id = view.RootElement.GetProperty("id").GetGuid();
                _journal.Accepted.Enqueue(new(key, id, sent, Journal.Now));
                return id;
            }

            if (!answer.IsOpen)
            {
                _journal.Wrong.Enqueue($"POST /v1/tasks: {answer.Status} {answer.Body}");
            }

            await Task.Delay(ApiClients.Pause, stop);
        }
    }

    private HttpRequestMessage Submission(string key) => ApiClients.Request(HttpMethod.Post, "v1/tasks", system.ApiKey,
        () => JsonContent.Create(new TaskRequest { Prompt = $"Fault seed {key}", Labels = new Dictionary<string, string> { ["key"] = key } }, ContractsJson.Default.TaskRequest), key);

    private async Task RepeatAsync(ApiClients clients, Submission accepted, CancellationToken stop)
    {
        var answer = await clients.InsistAsync(plan.Seed, () => Submission(accepted.Key), stop);
        if (answer.Status != 201 || !answer.Body.Contains($"{accepted.Id}", StringComparison.Ordinal))
        {
            _journal.Wrong.Enqueue($"the request that made task {accepted.Id}, repeated: {answer.Status} {answer.Body}");
        }
    }

    private async Task FaultAsync(ServerFault fault, ApiClients clients, SeedChecks checks, CancellationToken stop, CancellationToken outer)
    {
        await _steps.WaitAsync(fault.Step, fault.Time, stop);
        await Task.Delay(fault.Delay, stop);
        tally.Fault($"{fault.Kind}", fault.Step);
        Interlocked.Increment(ref _hitting);
        try
        {
            // To its end, so that nothing stays stopped, held or full.
            await system.HitAsync(fault, _journal, checks.BeforeLossAsync, outer);
        }
        finally
        {
            _lastFault = Journal.Now;
            Interlocked.Decrement(ref _hitting);
        }

        for (var place = 0; place < TasksAfterLoss && fault.Kind == FaultKind.LoseRedis; place++)
        {
            Begin(clients, new(default, false, null, 0), $"{plan.Seed}-{fault.Step}-{fault.Time}-{place}", stop);
        }
    }

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

    private static List<Task> Copy(List<Task> tasks)
    {
        lock (tasks)
        {
            return [.. tasks];
        }
    }

    private async Task UntilEndAsync(Task task)
    {
        try
        {
            await task;
        }
        catch (OperationCanceledException) when (_end.IsCancellationRequested)
        {
            // The seed is over.
        }
    }
}
