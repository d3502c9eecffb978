using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Net.ServerSentEvents;
using System.Text.Json;
using CodeAgent.Contracts;
using CodeAgent.Testing;
using TaskStatus = CodeAgent.Contracts.TaskStatus;

namespace CodeAgent.SystemTests.Running;

/// <summary>The Api as a client sees it.</summary>
internal sealed class ApiClient(HttpClient http)
{
    public HttpClient Http { get; } = http;

    /// <summary>Submits a task and gives its id and the answer's correlation ID.</summary>
    public async Task<(Guid Id, string CorrelationId)> SubmitAsync(TaskRequest request)
    {
        using var answer = await Http.PostAsJsonAsync("/v1/tasks", request, ContractsJson.Default.TaskRequest);
        var body = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.StatusCode == HttpStatusCode.Created, $"{(int)answer.StatusCode}: {body}");
        var view = JsonSerializer.Deserialize(body, ContractsJson.Default.TaskView)!;
        return (view.Id, answer.Headers.GetValues("X-Correlation-Id").Single());
    }

    public async Task<TaskView> GetAsync(Guid id) =>
        (await Http.GetFromJsonAsync($"/v1/tasks/{id}", ContractsJson.Default.TaskView))!;

    /// <summary>Waits until the task has reached a final state, over any failure to reach the Api.</summary>
    public async Task<TaskView> FinalAsync(Guid id, TimeSpan limit)
    {
        TaskView? last = null;
        try
        {
            return await WhenAsync(id, task => (last = task).Status is TaskStatus.Succeeded or TaskStatus.Failed or TaskStatus.Canceled, limit);
        }
        catch (TimeoutException e)
        {
            throw new TimeoutException($"{e.Message}; it is {last?.Status} in attempt {last?.Attempt}, turn {last?.Turns}", e);
        }
    }

    public Task<TaskView> WhenAsync(Guid id, Func<TaskView, bool> fact, TimeSpan limit) =>
        Eventually.GetAsync(async () =>
        {
            try
            {
                var task = await GetAsync(id);
                return fact(task) ? task : null;
            }
            catch (HttpRequestException)
            {
                return null; // The Api is being restarted.
            }
        }, limit, $"task {id} is as expected");

    /// <summary>The task's events up to now, by pages.</summary>
    public async Task<IReadOnlyList<TaskEvent>> EventsAsync(Guid id)
    {
        var events = new List<TaskEvent>();
        while (true)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, $"/v1/tasks/{id}/events?after={events.Count}");
            request.Headers.Accept.Add(new("application/json"));
            using var answer = await Http.SendAsync(request);
            answer.EnsureSuccessStatusCode();
            var page = (await answer.Content.ReadFromJsonAsync(ContractsJson.Default.PageTaskEvent))!;
            events.AddRange(page.Items);
            if (page.Next is null || page.Items.Count == 0)
            {
                return events;
            }
        }
    }

    /// <summary>Waits for an event.</summary>
    public Task<TaskEvent> EventAsync(Guid id, Func<TaskEvent, bool> match, TimeSpan limit, string fact) =>
        Eventually.GetAsync(async () =>
        {
            try
            {
                return (await EventsAsync(id)).FirstOrDefault(match);
            }
            catch (HttpRequestException)
            {
                return null; // The Api is being restarted.
            }
        }, limit, fact);

    /// <summary>Watches the task live from after an event until <paramref name="enough"/>, then cuts the connection.</summary>
    public async Task<IReadOnlyList<TaskEvent>> WatchAsync(Guid id, long after, Func<TaskEvent, bool> enough)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/v1/tasks/{id}/events");
        request.Headers.Accept.Add(new("text/event-stream"));
        if (after > 0)
        {
            request.Headers.Add("Last-Event-ID", after.ToString(CultureInfo.InvariantCulture));
        }

        var events = new List<TaskEvent>();
        using var answer = await Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        answer.EnsureSuccessStatusCode();
        await using var stream = await answer.Content.ReadAsStreamAsync();
        await foreach (var item in SseParser.Create(stream).EnumerateAsync(TestContext.Current.CancellationToken))
        {
            var e = JsonSerializer.Deserialize(item.Data, ContractsJson.Default.TaskEvent)!;
            Assert.Equal(item.EventId, e.Number.ToString(CultureInfo.InvariantCulture));
            events.Add(e);
            if (enough(e))
            {
                break;
            }
        }

        return events;
    }

    public async Task<byte[]> ArtifactAsync(Guid id, string name) =>
        await Http.GetByteArrayAsync($"/v1/tasks/{id}/artifacts/{name}");
}
