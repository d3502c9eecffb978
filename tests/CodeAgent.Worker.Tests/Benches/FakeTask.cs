using System.Collections.Concurrent;
using System.Text;
using CodeAgent.Contracts;
using CodeAgent.Testing;
using Microsoft.AspNetCore.Http;

namespace CodeAgent.Worker.Tests.Benches;

/// <summary>A task at the fake Api.</summary>
internal sealed class FakeTask(Lease lease)
{
    private readonly Lock _lock = new();
    private readonly List<WorkerEvent> _events = [];
    private readonly List<FollowUp> _messages = [];
    private TaskCompletionSource _news = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _lost;
    private bool _quiet;
    private int _beats;

    public Lease Lease { get; } = lease;

    public ConcurrentDictionary<string, byte[]> Artifacts { get; } = new();

    public ConcurrentQueue<Checkpoint> Checkpoints { get; } = new();

    public ConcurrentQueue<CompleteRequest> Completions { get; } = new();

    public ConcurrentQueue<ReleaseRequest> Releases { get; } = new();

    /// <summary>Requests that came after the lease was taken back, heartbeats apart.</summary>
    public ConcurrentQueue<string> Late { get; } = new();

    /// <summary>What the worker says about the work.</summary>
    public WorkView? Work { get; private set; }

    public bool CancelRequested { get; private set; }

    /// <summary>Whether the worker said that nobody reads messages any more.</summary>
    public bool Closed { get; private set; }

    /// <summary>Number of the last message that a heartbeat knew.</summary>
    public int MessagesTaken { get; private set; }

    /// <summary>Called before each close is decided.</summary>
    public Action OnClose { get; set; } = () => { };

    public IReadOnlyList<WorkerEvent> Events
    {
        get
        {
            lock (_lock)
            {
                return [.. _events];
            }
        }
    }

    public string Output => string.Concat(Events.Where(e => e.Type == EventTypes.Output).Select(e => e.Data.GetProperty("text").GetString()));

    public string Text(string artifact) => Encoding.UTF8.GetString(Artifacts[artifact]);

    public void Cancel() => Tell(() => CancelRequested = true);

    /// <summary>What heartbeats say of the operator's wish.</summary>
    public DrainOrder Drain { get; private set; }

    public void GiveBack(DrainOrder order) => Tell(() => Drain = order);

    public void Write(string text) => Tell(() =>
    {
        Assert.False(Closed, "The Api takes no messages now.");
        _messages.Add(new(Lease.Messages.Count + _messages.Count + 1, text));
    });

    /// <summary>Gives the task to somebody else.</summary>
    public void TakeBack() => Tell(() => _lost = true);

    /// <summary>The same, but from now on no heartbeat is answered, so that it is not them who bring the news.</summary>
    public void TakeBackQuietly() => Tell(() => _lost = _quiet = true);

    /// <summary>Waits for so many more heartbeats to come in.</summary>
    public Task BeatenAsync(int times)
    {
        var enough = Volatile.Read(ref _beats) + times;
        return Eventually.TrueAsync(() => Task.FromResult(Volatile.Read(ref _beats) >= enough), TimeSpan.FromSeconds(20), $"{times} heartbeats");
    }

    public async Task<CompleteRequest> EndAsync(int seconds = 20)
    {
        await Eventually.TrueAsync(() => Task.FromResult(!Completions.IsEmpty), TimeSpan.FromSeconds(seconds), "the task is completed");
        return Assert.Single(Completions);
    }

    public Task SeenAsync(string type) => Eventually.TrueAsync(() => Task.FromResult(Events.Any(e => e.Type == type)), TimeSpan.FromSeconds(15), $"the event {type}");

    public Task PrintedAsync(string text) => Eventually.TrueAsync(() => Task.FromResult(Output.Contains(text, StringComparison.Ordinal)), TimeSpan.FromSeconds(15), $"the output '{text}'");

    public IResult? Refusal(HttpContext http)
    {
        if (!_lost || IsQuietHeartbeat(http))
        {
            return null;
        }

        if (!http.Request.Path.Value!.EndsWith("/heartbeat", StringComparison.Ordinal))
        {
            Late.Enqueue(http.Request.Path);
        }

        return Lost();
    }

    public async Task<IResult> HeartbeatAsync(HttpContext http)
    {
        var heartbeat = (await http.Request.ReadFromJsonAsync(ContractsJson.Default.HeartbeatRequest))!;
        MessagesTaken = heartbeat.MessagesSeen;
        Interlocked.Increment(ref _beats);
        Task news;
        lock (_lock)
        {
            news = CancelRequested || _messages.Any(message => message.Number > heartbeat.MessagesSeen) ? Task.CompletedTask : _news.Task;
        }

        await Task.WhenAny(news, Task.Delay(TimeSpan.FromSeconds(heartbeat.WaitSeconds), http.RequestAborted));
        while (_quiet && !http.RequestAborted.IsCancellationRequested)
        {
            await Task.WhenAny(Task.Delay(TimeSpan.FromSeconds(1), http.RequestAborted));
        }

        lock (_lock)
        {
            return _lost ? Lost() : Results.Json(
                new HeartbeatResponse { LeaseSeconds = Lease.LeaseSeconds, CancelRequested = CancelRequested, Drain = Drain, Messages = [.. _messages.Where(m => m.Number > heartbeat.MessagesSeen)] },
                ContractsJson.Default.HeartbeatResponse);
        }
    }

    public async Task<IResult> AppendAsync(HttpContext http)
    {
        var batch = (await http.Request.ReadFromJsonAsync(ContractsJson.Default.EventBatch))!;
        lock (_lock)
        {
            if (batch.First > _events.Count)
            {
                return Results.Problem("there is a gap", statusCode: 409, type: "urn:codeagent:problem:event-gap");
            }

            _events.AddRange(batch.Events.Skip(_events.Count - (int)batch.First));
        }

        return Results.NoContent();
    }

    public async Task<IResult> CheckpointAsync(HttpContext http)
    {
        var checkpoint = (await http.Request.ReadFromJsonAsync(ContractsJson.Default.Checkpoint))!;
        if (checkpoint.Patch is { } patch && !Artifacts.ContainsKey(patch) && Lease.Checkpoint?.Patch != patch)
        {
            return Results.Problem($"there is no {patch}", statusCode: 400);
        }

        Checkpoints.Enqueue(checkpoint);
        return Results.NoContent();
    }

    public async Task<IResult> WorkAsync(HttpContext http)
    {
        Work = await http.Request.ReadFromJsonAsync(ContractsJson.Default.WorkView);
        return Results.NoContent();
    }

    public async Task<IResult> StoreAsync(string name, HttpContext http)
    {
        var content = new MemoryStream();
        await http.Request.Body.CopyToAsync(content);
        Artifacts[name] = content.ToArray();
        return Results.Ok();
    }

    public async Task<IResult> CloseAsync(HttpContext http)
    {
        var close = (await http.Request.ReadFromJsonAsync(ContractsJson.Default.CloseRequest))!;
        OnClose();
        lock (_lock)
        {
            if (_messages.Any(message => message.Number > close.MessagesSeen))
            {
                return Results.Problem("there are others", statusCode: 409, type: "urn:codeagent:problem:messages-unread");
            }

            Closed = true;
            return Results.NoContent();
        }
    }

    public async Task<IResult> CompleteAsync(HttpContext http)
    {
        var complete = (await http.Request.ReadFromJsonAsync(ContractsJson.Default.CompleteRequest))!;
        if (Completions.IsEmpty)
        {
            Completions.Enqueue(complete);
        }

        return Results.NoContent();
    }

    public async Task<IResult> ReleaseAsync(HttpContext http)
    {
        Releases.Enqueue((await http.Request.ReadFromJsonAsync(ContractsJson.Default.ReleaseRequest))!);
        return Results.NoContent();
    }

    private bool IsQuietHeartbeat(HttpContext http) => _quiet && http.Request.Path.Value!.EndsWith("/heartbeat", StringComparison.Ordinal);

    private static IResult Lost() => Results.Problem("another worker has it", statusCode: 409, type: "urn:codeagent:problem:lease-lost");

    private void Tell(Action change)
    {
        lock (_lock)
        {
            change();
            _news.SetResult();
            _news = new(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }
}
