using System.Collections.Concurrent;
using CodeAgent.Benchmarks.Api.Servers;

namespace CodeAgent.Benchmarks.Api;

/// <summary>What goes on beside requests: workers claim tasks, say something and complete them, and people watch.</summary>
internal sealed class TaskLife(ApiServer api) : IDisposable
{
    private const int Batches = 4;
    private const int EventsOfBatch = 3;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(30);
    private static readonly TimeSpan Away = TimeSpan.FromMilliseconds(500);
    private readonly HttpClient _http = api.Client();

    // Those that run now.
    private readonly ConcurrentDictionary<Guid, int> _running = [];
    private long _completed;
    private long _watched;
    private long _failed;
    private string? _firstError;

    public long Completed => Interlocked.Read(ref _completed);

    public long Watched => Interlocked.Read(ref _watched);

    public long Failed => Interlocked.Read(ref _failed);

    public string? FirstError => Volatile.Read(ref _firstError);

    public Task RunAsync(int workers, int watchers, CancellationToken end) => Task.WhenAll(
        Enumerable.Range(0, workers).Select(number => RepeatAsync(WorkerAsync(number), end))
            .Concat(Enumerable.Range(0, watchers).Select(number => RepeatAsync(WatcherAsync(new Random(number)), end))));

    public void Dispose() => _http.Dispose();

    private async Task RepeatAsync(Func<CancellationToken, Task> once, CancellationToken end)
    {
        while (!end.IsCancellationRequested)
        {
            try
            {
                await once(end);
            }
            catch (OperationCanceledException) when (end.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e) when (e is HttpRequestException or IOException or BenchmarkException)
            {
                Interlocked.Increment(ref _failed);
                Interlocked.CompareExchange(ref _firstError, e.Message, null);
                await Task.Delay(Pause, CancellationToken.None);
            }
        }
    }

    private Func<CancellationToken, Task> WorkerAsync(int number)
    {
        var worker = api.Worker($"scripted-{number}");
        return async end =>
        {
            if (await worker.ClaimAsync(5, end) is not { } lease)
            {
                return;
            }

            _running[lease.TaskId] = number;
            for (var batch = 0; batch < Batches; batch++)
            {
                await worker.TellAsync(lease, batch * EventsOfBatch, EventsOfBatch, end);
                await Task.Delay(Pause, end);
            }

            await worker.CompleteAsync(lease, end);
            _running.TryRemove(lease.TaskId, out _);
            Interlocked.Increment(ref _completed);
        };
    }

    // Every other watcher leaves after its first events.
    private Func<CancellationToken, Task> WatcherAsync(Random random) => async end =>
    {
        if (_running.Keys.ToArray() is not { Length: > 0 } running)
        {
            await Task.Delay(Pause, end);
            return;
        }

        var task = running[random.Next(running.Length)];
        using var request = new HttpRequestMessage(HttpMethod.Get, $"v1/tasks/{task}/events") { Headers = { { "Accept", "text/event-stream" } } };
        using var answer = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, end);
        answer.EnsureSuccessStatusCode();
        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync(end));
        var leaves = random.Next(2) == 0;
        var seen = 0L;
        while (await reader.ReadLineAsync(end) is { } line && !(leaves && seen > EventsOfBatch))
        {
            seen += line.StartsWith("id: ", StringComparison.Ordinal) ? 1 : 0;
            if (line.StartsWith("id: ", StringComparison.Ordinal) && line != $"id: {seen}")
            {
                throw new BenchmarkException($"A watcher of task {task} got '{line}' where event {seen} was next.");
            }
        }

        Interlocked.Increment(ref _watched);
        await Task.Delay(Away * (1 + random.NextDouble()), end);
    };
}
