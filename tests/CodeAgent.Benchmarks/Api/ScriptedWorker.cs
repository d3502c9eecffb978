using System.Net.Http.Headers;
using System.Text.Json;
using CodeAgent.Contracts;

namespace CodeAgent.Benchmarks.Api;

/// <summary>A worker that says what a real one says, and does nothing.</summary>
internal sealed class ScriptedWorker(Uri address, string key, string name) : IDisposable
{
    public static JsonElement Data { get; } = JsonSerializer.SerializeToElement(new
    {
        text = "The function reads the file twice. Keep the first result in a variable, and pass it to the second call; then the test that counts the reads passes as well.",
    });

    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = address };

    /// <summary>Claims the next task; null where none came in so many seconds.</summary>
    public async Task<Lease?> ClaimAsync(int waitSeconds, CancellationToken stop)
    {
        var claim = new ClaimRequest { Worker = name, Agents = [AgentNames.Builtin], Capacity = 4, WaitSeconds = waitSeconds };
        using var answer = await SendAsync(HttpMethod.Post, "v1/leases", key, JsonContent.Create(claim, ContractsJson.Default.ClaimRequest), stop);
        return answer.StatusCode == System.Net.HttpStatusCode.NoContent ? null : await answer.Content.ReadFromJsonAsync(ContractsJson.Lenient.Lease, stop);
    }

    /// <summary>Reports so many events.</summary>
    /// <param name="lease">Under this lease.</param>
    /// <param name="first">How many it has reported before.</param>
    /// <param name="count">1 to 500.</param>
    /// <param name="stop">Stops waiting.</param>
    /// <param name="data">What each says; a sentence where it is left out.</param>
    public async Task TellAsync(Lease lease, long first, int count, CancellationToken stop, JsonElement? data = null)
    {
        var batch = new EventBatch
        {
            First = first,
            Events = [.. Enumerable.Range(0, count).Select(_ => new WorkerEvent(TimeProvider.System.GetUtcNow(), EventTypes.AgentMessage, data ?? Data))],
        };
        using var answer = await SendAsync(HttpMethod.Post, $"v1/leases/{lease.TaskId}/events", lease.Token, JsonContent.Create(batch, ContractsJson.Default.EventBatch), stop);
    }

    /// <summary>Extends the lease.</summary>
    public async Task RenewAsync(Lease lease, CancellationToken stop)
    {
        using var answer = await SendAsync(HttpMethod.Post, $"v1/leases/{lease.TaskId}/heartbeat", lease.Token, JsonContent.Create(new HeartbeatRequest(), ContractsJson.Default.HeartbeatRequest), stop);
    }

    /// <summary>Ends the task well.</summary>
    public async Task CompleteAsync(Lease lease, CancellationToken stop)
    {
        var complete = new CompleteRequest { Outcome = Outcome.Succeeded, Summary = "Done.", Turns = 1 };
        using var answer = await SendAsync(HttpMethod.Post, $"v1/leases/{lease.TaskId}/complete", lease.Token, JsonContent.Create(complete, ContractsJson.Default.CompleteRequest), stop);
    }

    public void Dispose() => _http.Dispose();

    private async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, string secret, HttpContent content, CancellationToken stop)
    {
        using var request = new HttpRequestMessage(method, path) { Content = content, Headers = { Authorization = new AuthenticationHeaderValue("Bearer", secret) } };
        var answer = await _http.SendAsync(request, stop);
        return answer.IsSuccessStatusCode ? answer
            : throw new BenchmarkException($"The Api answers {(int)answer.StatusCode} to {path}: {await answer.Content.ReadAsStringAsync(stop)}");
    }
}
