using CodeAgent.Benchmarks.Api.Servers;
using CodeAgent.Benchmarks.Machine;

namespace CodeAgent.Benchmarks.Api.Watching;

/// <summary>The processes that watch.</summary>
internal sealed class WatcherProcesses : IAsyncDisposable
{
    private const int Each = 5_000;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(500);
    private readonly List<(Child Process, Uri Address)> _processes = [];
    private readonly HttpClient _http = new() { Timeout = Patience };

    /// <summary>Starts as many processes as so many watchers need.</summary>
    public static async Task<WatcherProcesses> StartAsync(int watchers, CancellationToken stop)
    {
        var all = new WatcherProcesses();
        try
        {
            for (var i = 0; i < (watchers + Each - 1) / Each; i++)
            {
                var port = Ports.Free();
                all._processes.Add((Child.Start($"watchers-{i}", [.. Places.Self, WatchersRole.Name, $"{port}"]), new($"http://127.0.0.1:{port}/")));
                await all._processes[^1].Process.ListensAsync(port, stop);
            }

            return all;
        }
        catch
        {
            await all.DisposeAsync();
            throw;
        }
    }

    /// <summary>Processor time of all of them since the start.</summary>
    public async Task<double> CpuSecondsAsync() => (await Task.WhenAll(_processes.Select(one => one.Process.Tree.ReadAsync()))).Sum(usage => usage.CpuSeconds);

    /// <summary>Opens a watcher for each of these tasks, in their order.</summary>
    /// <exception cref="BenchmarkException">Some were refused.</exception>
    public async Task OpenAsync(ApiServer api, IReadOnlyList<Guid> tasks, CancellationToken stop)
    {
        var share = (tasks.Count + _processes.Count - 1) / _processes.Count;
        await Task.WhenAll(_processes.Select(async (process, place) =>
        {
            var plan = new WatchPlan(api.Address, api.Bearer, $"127.0.0.{place + 2}", [.. tasks.Skip(place * share).Take(share)]);
            using var answer = await _http.PostAsJsonAsync(new Uri(process.Address, "open"), plan, WatchJson.Default.WatchPlan, stop);
            answer.EnsureSuccessStatusCode();
        }));
    }

    /// <summary>How all watchers are, in the order of their tasks.</summary>
    public async Task<WatchState> StateAsync(int number, CancellationToken stop)
    {
        var states = await Task.WhenAll(_processes.Select(process => _http.GetFromJsonAsync(new Uri(process.Address, $"state?number={number}"), WatchJson.Default.WatchState, stop)));
        return new(states.Sum(state => state!.Open), states.Sum(state => state!.Failed), states.FirstOrDefault(state => state!.FirstError is not null)?.FirstError,
            [.. states.SelectMany(state => state!.Arrivals)]);
    }

    /// <summary>When the event came to each of those that read, once it came to all of them.</summary>
    /// <exception cref="BenchmarkException">It does not come to all, or one of them failed.</exception>
    public async Task<IReadOnlyList<long>> ArrivalsAsync(int number, CancellationToken stop)
    {
        var begun = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var state = await StateAsync(number, stop);
            if (state.Failed > 0 || TimeProvider.System.GetElapsedTime(begun) > Patience)
            {
                throw new BenchmarkException($"Of {state.Open} watchers {state.Failed} failed ({state.FirstError}), and event {number} did not come to {state.Arrivals.Count(arrival => arrival == 0)}.");
            }

            if (state.Arrivals.All(arrival => arrival != 0))
            {
                return state.Arrivals;
            }

            // Long enough that looking does not slow down what is looked at.
            await Task.Delay(Look, stop);
        }
    }

    /// <summary>Half of the watchers read no more, or again.</summary>
    public Task PauseHalfAsync(bool pause, CancellationToken stop) => TellAsync(pause ? "pause" : "resume", stop);

    /// <summary>All watchers leave.</summary>
    public Task CloseAsync(CancellationToken stop) => TellAsync("close", stop);

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        foreach (var (process, _) in _processes)
        {
            await process.DisposeAsync();
        }
    }

    private Task TellAsync(string what, CancellationToken stop) => Task.WhenAll(_processes.Select(async process =>
    {
        using var answer = await _http.PostAsync(new Uri(process.Address, what), null, stop);
        answer.EnsureSuccessStatusCode();
    }));
}
