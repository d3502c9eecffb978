using System.Net;
using System.Text.Json.Serialization;
using CodeAgent.Benchmarks.Roles;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace CodeAgent.Benchmarks.Api.Watching;

/// <summary>What watchers a process is to open.</summary>
/// <param name="Address">Where the Api is.</param>
/// <param name="Key">The bearer key.</param>
/// <param name="From">The loopback's address that they come from.</param>
/// <param name="Tasks">What they watch: one watcher for each.</param>
internal sealed record WatchPlan(Uri Address, string Key, string From, IReadOnlyList<Guid> Tasks);

/// <summary>How the watchers of a process are.</summary>
/// <param name="Open">Those that were opened.</param>
/// <param name="Failed">Those of them that were refused, cut off, or missed an event.</param>
/// <param name="FirstError">Why, of one of them.</param>
/// <param name="Arrivals">When the event that was asked for came to each of those that read; 0 where it has not.</param>
internal sealed record WatchState(int Open, int Failed, string? FirstError, IReadOnlyList<long> Arrivals);

/// <summary>Many watchers in a process of their own: a process may have so many open files and no more.</summary>
internal static class WatchersRole
{
    public const string Name = "role-watchers";
    private const int AtOnce = 100;
    private static Watcher[] _watchers = [];
    private static bool _halfPaused;

    public static Task<int> RunAsync(string port)
    {
        var app = RoleHost.Bare(port, HttpProtocols.Http1).Build();
        app.Run(HandleAsync);
        return RoleHost.RunAsync(app);
    }

    private static Task HandleAsync(HttpContext http) => http.Request.Path.Value switch
    {
        "/open" => OpenAsync(http),
        "/state" => http.Response.WriteAsJsonAsync(State(int.Parse(http.Request.Query["number"].ToString(), System.Globalization.CultureInfo.InvariantCulture)), WatchJson.Default.WatchState),
        "/pause" => Pause(true),
        "/resume" => Pause(false),
        "/close" => Close(),
        _ => throw new BenchmarkException("Only open, state, pause, resume and close."),
    };

    private static async Task OpenAsync(HttpContext http)
    {
        var plan = (await http.Request.ReadFromJsonAsync(WatchJson.Default.WatchPlan))!;
        _watchers = [.. plan.Tasks.Select(task => new Watcher(plan.Address, plan.Key, task.ToString()))];
        var from = IPAddress.Parse(plan.From);
        await Parallel.ForEachAsync(_watchers, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = http.RequestAborted },
            async (watcher, stop) => await watcher.OpenAsync(from, stop));
    }

    private static WatchState State(int number) => new(
        _watchers.Length, _watchers.Count(watcher => watcher.Error is not null), _watchers.FirstOrDefault(watcher => watcher.Error is not null)?.Error,
        [.. _watchers.Where((_, place) => !_halfPaused || place % 2 == 1).Select(watcher => watcher.ArrivalOf(number))]);

    // Every other one of them.
    private static Task Pause(bool pause)
    {
        _halfPaused = pause;
        foreach (var watcher in _watchers.Where((_, place) => place % 2 == 0))
        {
            if (pause)
            {
                watcher.Pause();
            }
            else
            {
                watcher.Resume();
            }
        }

        return Task.CompletedTask;
    }

    private static Task Close()
    {
        foreach (var watcher in _watchers)
        {
            watcher.Dispose();
        }

        _watchers = [];
        return Task.CompletedTask;
    }
}

[JsonSerializable(typeof(WatchPlan))]
[JsonSerializable(typeof(WatchState))]
internal sealed partial class WatchJson : JsonSerializerContext;
