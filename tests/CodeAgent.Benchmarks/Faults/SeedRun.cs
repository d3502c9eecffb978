using System.Diagnostics;

namespace CodeAgent.Benchmarks.Faults;

/// <summary>One seed on a system: clients, workers and watchers live through its faults, then all invariants are looked at.</summary>
internal sealed partial class SeedRun(SweepSystem system, FaultPlan plan, Tally tally) : IDisposable
{
    private const int TasksAfterLoss = 2;

    // What an instance still has on its way when the last fault is over ends within its patience with Redis.
    private static readonly TimeSpan Echo = TimeSpan.FromSeconds(1.6);
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
        var faults = plan.Faults.Where(fault => !system.Skipped.ContainsKey(fault.Kind)).Select(fault => UntilEndAsync(FaultAsync(fault, clients, checks, either.Token, stop))).ToList();
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

        tally.Checked(Invariants.Settles, 1);
        if (open is not null)
        {
            tally.Violated(Invariants.Settles);
            return [new(Invariants.Settles, open), .. await checks.RunAsync(null, null)];
        }

        // Nobody's lease opens anything any more, and each key still stands for its task.
        var over = Journal.Now;
        await Task.WhenAll(_journal.Grants.ToList().Select((grant, place) => workers[place % workers.Count].ReplayAsync(grant, LifeStep.Completed, stop)));
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

    private async Task FaultAsync(ServerFault fault, ApiClients clients, SeedChecks checks, CancellationToken stop, CancellationToken outer)
    {
        await _steps.WaitAsync(fault.Step, fault.Time, stop);
        await Task.Delay(fault.Delay, stop);
        Interlocked.Increment(ref _hitting);
        try
        {
            // To its end, so that nothing stays stopped, held or full.
            if (await system.HitAsync(fault, _journal, checks.BeforeLossAsync, outer))
            {
                tally.Fault($"{fault.Kind}", fault.Step);
            }
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
