using System.Text.Json;
using System.Threading.Channels;
using CodeAgent.Contracts;
using CodeAgent.Worker.Api;

namespace CodeAgent.Worker.Leases;

/// <summary>
/// Sends a lease's events in order, in batches: while one is on its way, the next gathers. Whoever reports waits only where the
/// queue is full, which happens while the Api is away.
/// </summary>
internal sealed class EventQueue : IAsyncDisposable
{
    private const int Capacity = 2000;
    private const int LargestBatch = 500;
    private const int LongestBatch = 512 * 1024;
    private readonly Channel<Entry> _entries = Channel.CreateBounded<Entry>(new BoundedChannelOptions(Capacity) { SingleReader = true });
    private readonly LeaseApi _api;
    private readonly TaskLog _log;
    private readonly LeaseKeeper _keeper;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _end;
    private readonly Task _sending;
    private long _sent;

    /// <summary>Begins at once.</summary>
    public EventQueue(LeaseApi api, TaskLog log, LeaseKeeper keeper, TimeProvider time)
    {
        (_api, _log, _keeper, _time) = (api, log, keeper, time);
        _end = CancellationTokenSource.CreateLinkedTokenSource(keeper.Lost);
        _sending = SendAllAsync();
    }

    /// <summary>Puts an event into the queue.</summary>
    /// <exception cref="OperationCanceledException">The lease is over, or <paramref name="cancellationToken"/> says so.</exception>
    /// <exception cref="ApiRefusedException">The Api would not have an event before this one.</exception>
    public ValueTask ReportAsync(string type, object data, CancellationToken cancellationToken) =>
        WriteAsync(new(new(_time.GetUtcNow(), type, JsonSerializer.SerializeToElement(data, data.GetType(), JsonSerializerOptions.Web)), null), cancellationToken);

    /// <summary>Returns when everything that was put in before is stored.</summary>
    /// <exception cref="OperationCanceledException">The lease is over, or <paramref name="cancellationToken"/> says so.</exception>
    /// <exception cref="ApiRefusedException">The Api would not have one of them.</exception>
    public async Task FlushAsync(CancellationToken cancellationToken)
    {
        var flushed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await WriteAsync(new(null, flushed), cancellationToken);
        await await Task.WhenAny(flushed.Task, _sending).WaitAsync(cancellationToken);
    }

    /// <summary>Ends the queue; what is still in it is not sent.</summary>
    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await Task.WhenAny(_sending);
        _end.Dispose();
    }

    private async ValueTask WriteAsync(Entry entry, CancellationToken cancellationToken)
    {
        try
        {
            await _entries.Writer.WriteAsync(entry, cancellationToken);
        }
        catch (ChannelClosedException e) when (e.InnerException is ApiRefusedException refused)
        {
            throw new ApiRefusedException(refused.Status, refused.Message);
        }
        catch (ChannelClosedException e)
        {
            throw new OperationCanceledException("The lease is over.", e);
        }
    }

    private async Task SendAllAsync()
    {
        try
        {
            while (await _entries.Reader.WaitToReadAsync(_end.Token))
            {
                var (batch, flushed) = Gather();
                if (batch.Count > 0)
                {
                    await _log.WriteAsync(batch, _end.Token);
                    await _api.ReportAsync(new() { First = _sent, Events = batch }, _end.Token);
                    _sent += batch.Count;
                }

                flushed?.SetResult();
            }
        }
        catch (Exception e)
        {
            // Whoever reports next must not wait for a queue that nobody empties.
            _entries.Writer.TryComplete(e);
            if (e is LeaseLostException)
            {
                _keeper.GiveUp(e.Message);
            }

            throw;
        }
    }

    private (List<WorkerEvent> Batch, TaskCompletionSource? Flushed) Gather()
    {
        var batch = new List<WorkerEvent>();
        var length = 0;
        while (batch.Count < LargestBatch && length < LongestBatch && _entries.Reader.TryRead(out var entry))
        {
            if (entry.Event is null)
            {
                return (batch, entry.Flushed);
            }

            batch.Add(entry.Event);
            length += JsonMarshalLength(entry.Event.Data);
        }

        return (batch, null);
    }

    private static int JsonMarshalLength(JsonElement data) => System.Runtime.InteropServices.JsonMarshal.GetRawUtf8Value(data).Length;

    private sealed record Entry(WorkerEvent? Event, TaskCompletionSource? Flushed);
}
