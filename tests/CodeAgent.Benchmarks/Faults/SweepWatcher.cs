using System.Globalization;
using System.Net;
using CodeAgent.Contracts;

namespace CodeAgent.Benchmarks.Faults;

/// <summary>Watches a task to its end, over as many connections as it takes, and keeps each event that it is sent.</summary>
/// <param name="clients">Whom it asks.</param>
/// <param name="key">With which key.</param>
/// <param name="task">What it watches.</param>
/// <param name="each">It leaves and comes back after each so many events; 0 for never.</param>
internal sealed class SweepWatcher(ApiClients clients, string key, Guid task, int each)
{
    // The Api says at least every half second that it is there.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1.5);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(30);
    private readonly List<(long Number, string Json)> _seen = [];
    private bool _ended;

    /// <summary>What it watches.</summary>
    public Guid TaskId => task;

    /// <summary>The events, in the order in which they came.</summary>
    public IReadOnlyList<(long Number, string Json)> Seen
    {
        get
        {
            lock (_seen)
            {
                return [.. _seen];
            }
        }
    }

    /// <summary>Whether it was told the end.</summary>
    public bool IsOver { get; private set; }

    /// <summary>Whether it was told that there is no such task.</summary>
    public bool IsMissing { get; private set; }

    public async Task RunAsync(int instance, CancellationToken stop)
    {
        while (!IsOver && !IsMissing)
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
            try
            {
                await StreamAsync(instance++, limit);
            }
            catch (Exception e) when (e is HttpRequestException or IOException || (e is OperationCanceledException && !stop.IsCancellationRequested))
            {
                // Cut off: it goes on where it was, elsewhere.
            }

            await Task.Delay(Pause, stop);
        }
    }

    private async Task StreamAsync(int instance, CancellationTokenSource limit)
    {
        limit.CancelAfter(Patience);
        using var request = ApiClients.Request(HttpMethod.Get, $"v1/tasks/{task}/events", key);
        request.Headers.Accept.ParseAdd("text/event-stream");
        if (_seen.Count > 0)
        {
            request.Headers.Add("Last-Event-ID", _seen[^1].Number.ToString(CultureInfo.InvariantCulture));
        }

        using var answer = await clients[instance].SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limit.Token);
        (IsMissing, IsOver) = (answer.StatusCode == HttpStatusCode.NotFound, answer.StatusCode == HttpStatusCode.NoContent);
        if (answer.StatusCode != HttpStatusCode.OK)
        {
            return;
        }

        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync(limit.Token));
        var (number, came) = (0L, 0);
        while (await reader.ReadLineAsync(limit.Token) is { } line)
        {
            limit.CancelAfter(Patience);
            if (line.StartsWith("id: ", StringComparison.Ordinal))
            {
                number = long.Parse(line[4..], CultureInfo.InvariantCulture);
            }
            else if (line.StartsWith("event: ", StringComparison.Ordinal))
            {
                _ended = line[7..] is EventTypes.TaskSucceeded or EventTypes.TaskFailed or EventTypes.TaskCanceled;
            }
            else if (line.StartsWith("data: ", StringComparison.Ordinal))
            {
                lock (_seen)
                {
                    _seen.Add((number, line[6..]));
                }

                if (++came == each)
                {
                    return;
                }
            }
        }

        // A stream that ends without the task's end is one that was cut.
        IsOver = _ended;
    }
}
