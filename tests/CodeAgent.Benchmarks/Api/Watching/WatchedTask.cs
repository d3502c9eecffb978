using System.Diagnostics;
using System.Text.Json;
using CodeAgent.Benchmarks.Api.Servers;
using CodeAgent.Contracts;

namespace CodeAgent.Benchmarks.Api.Watching;

/// <summary>A task that a scripted worker holds, and says something about when it is told to.</summary>
internal sealed class WatchedTask : IAsyncDisposable
{
    // Well within a lease's ten seconds.
    private static readonly TimeSpan Renewal = TimeSpan.FromSeconds(3);
    private readonly CancellationTokenSource _end = new();
    private readonly ScriptedWorker _worker;
    private readonly Lease _lease;
    private readonly Task _renewals;
    private int _told;

    private WatchedTask(ScriptedWorker worker, Lease lease)
    {
        (_worker, _lease) = (worker, lease);
        _renewals = RenewAsync();
    }

    public Guid Id => _lease.TaskId;

    /// <summary>Number of its newest event; the first two say that it was queued and claimed.</summary>
    public int Newest => _told + 2;

    public static async Task<WatchedTask> StartAsync(ApiServer api, CancellationToken stop)
    {
        await api.CreateAsync(1, stop);
        var worker = api.Worker("speaker");
        return new(worker, await worker.ClaimAsync(5, stop) ?? throw new BenchmarkException("The queue is empty, though a task was submitted."));
    }

    /// <summary>Adds an event.</summary>
    /// <returns>When the request for it was sent, by the machine's monotonic clock.</returns>
    public async Task<long> TellAsync(CancellationToken stop, JsonElement? data = null)
    {
        var sent = Stopwatch.GetTimestamp();
        await _worker.TellAsync(_lease, _told, 1, stop, data);
        _told++;
        return sent;
    }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _renewals;
        _worker.Dispose();
        _end.Dispose();
    }

    private async Task RenewAsync()
    {
        using var ticks = new PeriodicTimer(Renewal);
        try
        {
            while (await ticks.WaitForNextTickAsync(_end.Token))
            {
                await _worker.RenewAsync(_lease, _end.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // The task is needed no more.
        }
    }
}
