using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.ServerSentEvents;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using CodeAgent.Contracts;

namespace CodeAgent.Api.Tests.Running;

/// <summary>Talks to the Api as clients and workers do.</summary>
internal sealed class ApiClient(HttpClient http) : IDisposable
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public HttpClient Http { get; } = http;

    public static TaskRequest Script(string prompt = "true") => new() { Prompt = prompt, Agent = new() { Name = AgentNames.Command } };

    public async Task<TaskView> SubmitAsync(TaskRequest? request = null)
    {
        using var answer = await Http.PostAsJsonAsync("/v1/tasks", request ?? Script(), ContractsJson.Default.TaskRequest, Stop);
        return await ReadAsync(answer, HttpStatusCode.Created, ContractsJson.Default.TaskView);
    }

    public async Task<TaskView> GetAsync(Guid id)
    {
        using var answer = await Http.GetAsync($"/v1/tasks/{id}", Stop);
        return await ReadAsync(answer, HttpStatusCode.OK, ContractsJson.Default.TaskView);
    }

    public async Task<Page<TaskView>> ListAsync(string query = "")
    {
        using var answer = await Http.GetAsync($"/v1/tasks{query}", Stop);
        return await ReadAsync(answer, HttpStatusCode.OK, ContractsJson.Default.PageTaskView);
    }

    public Task<HttpResponseMessage> PostAsync(string path) => Http.PostAsync(path, null, Stop);

    public Task<HttpResponseMessage> PostAsync<T>(string path, T body, JsonTypeInfo<T> type) => Http.PostAsJsonAsync(path, body, type, Stop);

    public Task<HttpResponseMessage> PostTextAsync(string path, string json) =>
        Http.PostAsync(path, new StringContent(json, Encoding.UTF8, "application/json"), Stop);

    public async Task<TaskView> ChangeAsync(Guid id, string verb)
    {
        using var answer = await PostAsync($"/v1/tasks/{id}/{verb}");
        return await ReadAsync(answer, HttpStatusCode.OK, ContractsJson.Default.TaskView);
    }

    /// <summary>Claims with a worker's key; null where there is no work.</summary>
    public async Task<Lease?> ClaimAsync(string worker = "w1", int waitSeconds = 0, params string[] agents)
    {
        var claim = new ClaimRequest { Worker = worker, Agents = agents is [] ? [AgentNames.Command, AgentNames.Builtin] : agents, Capacity = 4, WaitSeconds = waitSeconds };
        using var answer = await PostAsync("/v1/leases", claim, ContractsJson.Default.ClaimRequest);
        return answer.StatusCode == HttpStatusCode.NoContent ? null : await ReadAsync(answer, HttpStatusCode.OK, ContractsJson.Default.Lease);
    }

    public async Task<HeartbeatResponse> HeartbeatAsync(Guid id, double waitSeconds = 0, int messagesSeen = 0)
    {
        using var answer = await PostAsync($"/v1/leases/{id}/heartbeat", new() { WaitSeconds = waitSeconds, MessagesSeen = messagesSeen }, ContractsJson.Default.HeartbeatRequest);
        return await ReadAsync(answer, HttpStatusCode.OK, ContractsJson.Default.HeartbeatResponse);
    }

    public async Task ReportAsync(Guid id, long first, params string[] texts)
    {
        using var answer = await PostAsync($"/v1/leases/{id}/events", Batch(first, texts), ContractsJson.Default.EventBatch);
        await ExpectAsync(answer, HttpStatusCode.NoContent);
    }

    public static EventBatch Batch(long first, params string[] texts) => new()
    {
        First = first,
        Events = [.. texts.Select(text => new WorkerEvent(DateTimeOffset.UnixEpoch, EventTypes.Output, JsonSerializer.SerializeToElement(new { text })))],
    };

    public Task CompleteAsync(Guid id) => CompleteAsync(id, new() { Outcome = Outcome.Succeeded, Summary = "Done." });

    public async Task CompleteAsync(Guid id, CompleteRequest request)
    {
        using var answer = await PostAsync($"/v1/leases/{id}/complete", request, ContractsJson.Default.CompleteRequest);
        await ExpectAsync(answer, HttpStatusCode.NoContent);
    }

    public async Task<Page<TaskEvent>> EventsAsync(Guid id, string query = "")
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/v1/tasks/{id}/events{query}");
        request.Headers.Accept.Add(new("application/json"));
        using var answer = await Http.SendAsync(request, Stop);
        return await ReadAsync(answer, HttpStatusCode.OK, ContractsJson.Default.PageTaskEvent);
    }

    /// <summary>Watches from after an event until the stream ends; leaves when the caller stops reading.</summary>
    public async IAsyncEnumerable<TaskEvent> WatchAsync(Guid id, long after = 0)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/v1/tasks/{id}/events");
        if (after > 0)
        {
            request.Headers.Add("Last-Event-ID", after.ToString(CultureInfo.InvariantCulture));
        }

        using var answer = await Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Stop);
        Assert.Equal("text/event-stream", answer.Content.Headers.ContentType?.MediaType);
        await using var stream = await answer.Content.ReadAsStreamAsync(Stop);
        await foreach (var item in SseParser.Create(stream).EnumerateAsync(Stop))
        {
            var e = JsonSerializer.Deserialize(item.Data, ContractsJson.Default.TaskEvent)!;
            Assert.Equal((e.Number.ToString(CultureInfo.InvariantCulture), e.Type), (item.EventId, item.EventType));
            yield return e;
        }
    }

    /// <summary>The same, with the token of a lease.</summary>
    public ApiClient With(Lease lease)
    {
        var other = new HttpClient(new SocketsHttpHandler { ActivityHeadersPropagator = null }) { BaseAddress = Http.BaseAddress, Timeout = Http.Timeout };
        other.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", lease.Token);
        return new(other);
    }

    public static async Task<T> ReadAsync<T>(HttpResponseMessage answer, HttpStatusCode status, JsonTypeInfo<T> type)
    {
        var body = await ExpectAsync(answer, status);
        return JsonSerializer.Deserialize(body, type)!;
    }

    public static async Task<string> ExpectAsync(HttpResponseMessage answer, HttpStatusCode status)
    {
        var body = await answer.Content.ReadAsStringAsync(Stop);
        Assert.True(answer.StatusCode == status, $"{(int)answer.StatusCode} instead of {(int)status}: {body}");
        return body;
    }

    /// <summary>The answer is this problem.</summary>
    public static async Task<JsonElement> ExpectProblemAsync(HttpResponseMessage answer, HttpStatusCode status, string type, string? field = null)
    {
        var body = await ExpectAsync(answer, status);
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
        var problem = JsonDocument.Parse(body).RootElement;
        Assert.Equal($"urn:codeagent:problem:{type}", problem.GetProperty("type").GetString());
        Assert.Equal(answer.Headers.GetValues("X-Correlation-Id").Single(), problem.GetProperty("correlationId").GetString());
        Assert.Equal(field, problem.TryGetProperty("field", out var f) ? f.GetString() : null);
        return problem;
    }

    public void Dispose() => Http.Dispose();
}
