using CodeAgent.Contracts;
using TaskStatus = CodeAgent.Contracts.TaskStatus;

namespace CodeAgent.Benchmarks.Worker;

/// <summary>The Api as whoever submits tasks has it.</summary>
internal sealed class TaskClient : IDisposable
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(20);
    private readonly HttpClient _http;

    public TaskClient(Uri address, string key) => _http = new() { BaseAddress = address, DefaultRequestHeaders = { Authorization = new("Bearer", key) } };

    public async Task<Guid> SubmitAsync(TaskRequest request, CancellationToken stop)
    {
        using var answer = await _http.PostAsJsonAsync("v1/tasks", request, ContractsJson.Default.TaskRequest, stop);
        return answer.IsSuccessStatusCode ? (await answer.Content.ReadFromJsonAsync(ContractsJson.Lenient.TaskView, stop))!.Id
            : throw new BenchmarkException($"The Api refused a task: {await answer.Content.ReadAsStringAsync(stop)}");
    }

    public async Task<TaskView> GetAsync(Guid id, CancellationToken stop) => (await _http.GetFromJsonAsync($"v1/tasks/{id}", ContractsJson.Lenient.TaskView, stop))!;

    /// <summary>Waits until the task is final.</summary>
    public async Task<TaskView> EndAsync(Guid id, CancellationToken stop)
    {
        while (true)
        {
            var task = await GetAsync(id, stop);
            if (task.Status is TaskStatus.Succeeded or TaskStatus.Failed or TaskStatus.Canceled)
            {
                return task;
            }

            await Task.Delay(Look, stop);
        }
    }

    /// <summary>All events of a task.</summary>
    public async Task<IReadOnlyList<TaskEvent>> EventsAsync(Guid id, CancellationToken stop)
    {
        List<TaskEvent> events = [];
        while (true)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, $"v1/tasks/{id}/events?after={events.Count}") { Headers = { { "Accept", "application/json" } } };
            using var answer = await _http.SendAsync(request, stop);
            var page = (await answer.EnsureSuccessStatusCode().Content.ReadFromJsonAsync(ContractsJson.Lenient.PageTaskEvent, stop))!;
            events.AddRange(page.Items);
            if (page.Next is null || page.Items.Count == 0)
            {
                return events;
            }
        }
    }

    /// <summary>The agents that so many workers offer between them, once they are all there.</summary>
    public async Task<IReadOnlyCollection<string>> AgentsAsync(int workers, CancellationToken stop)
    {
        while (true)
        {
            var status = (await _http.GetFromJsonAsync("v1/status", ContractsJson.Lenient.SystemStatus, stop))!;
            if (status.Workers.Count >= workers)
            {
                return status.Workers.SelectMany(worker => worker.Agents).ToHashSet();
            }

            await Task.Delay(Look, stop);
        }
    }

    public async Task CancelAsync(Guid id, CancellationToken stop)
    {
        using var answer = await _http.PostAsync(new Uri($"v1/tasks/{id}/cancel", UriKind.Relative), null, stop);
        answer.EnsureSuccessStatusCode();
    }

    public void Dispose() => _http.Dispose();
}
