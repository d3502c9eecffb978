using System.Net;
using System.Net.Http.Headers;
using System.Text.Json.Serialization.Metadata;
using CodeAgent.Contracts;
using Polly;

namespace CodeAgent.Worker.Api;

/// <summary>
/// What is done under a lease. Every call may be repeated without harm, so each is tried again until it gets an answer, or its
/// token is canceled.
/// </summary>
/// <exception cref="LeaseLostException">From each of them: the lease is over.</exception>
/// <exception cref="ApiRefusedException">From each of them: the Api will not have it.</exception>
internal sealed class LeaseApi(ApiTransport transport, Lease lease, ResiliencePipeline retries)
{
    private const int Kilobyte = 1024;
    private const long ResumableFrom = 4L * 1024 * Kilobyte;

    /// <summary>How long a small request may take.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(15);

    // Slower than this is not slow but dead.
    private const int SlowestBytesPerSecond = 50 * Kilobyte;

    /// <summary>Says that the worker is alive; returns when there is news, or when the time to wait is over.</summary>
    public Task<HeartbeatResponse> HeartbeatAsync(HeartbeatRequest heartbeat, CancellationToken cancellationToken) =>
        SendAsync(() => Request(HttpMethod.Post, "heartbeat", Json(heartbeat, ContractsJson.Default.HeartbeatRequest)),
            TimeSpan.FromSeconds(heartbeat.WaitSeconds) + Limit,
            async (response, token) => (await response.Content.ReadFromJsonAsync(ContractsJson.Lenient.HeartbeatResponse, token))!, cancellationToken);

    /// <summary>Reports events.</summary>
    public Task ReportAsync(EventBatch batch, CancellationToken cancellationToken) =>
        SendAsync(() => Request(HttpMethod.Post, "events", Json(batch, ContractsJson.Default.EventBatch)), Limit, cancellationToken);

    /// <summary>Stores a checkpoint.</summary>
    public Task CheckpointAsync(Checkpoint checkpoint, CancellationToken cancellationToken) =>
        SendAsync(() => Request(HttpMethod.Put, "checkpoint", Json(checkpoint, ContractsJson.Default.Checkpoint)), Limit, cancellationToken);

    /// <summary>Says what the work is about.</summary>
    public Task ReportWorkAsync(WorkView work, CancellationToken cancellationToken) =>
        SendAsync(() => Request(HttpMethod.Put, "work", Json(work, ContractsJson.Default.WorkView)), Limit, cancellationToken);

    /// <summary>Says that the agent reads no more messages; false where there are some that it has not seen.</summary>
    public async Task<bool> CloseAsync(CloseRequest close, CancellationToken cancellationToken)
    {
        try
        {
            return await SendAsync(() => Request(HttpMethod.Post, "close", Json(close, ContractsJson.Default.CloseRequest)), Limit, cancellationToken);
        }
        catch (ApiRefusedException e) when (e.Status == HttpStatusCode.Conflict)
        {
            return false;
        }
    }

    /// <summary>Ends the task, or lets it wait for an answer.</summary>
    public Task CompleteAsync(CompleteRequest complete, CancellationToken cancellationToken) =>
        SendAsync(() => Request(HttpMethod.Post, "complete", Json(complete, ContractsJson.Default.CompleteRequest)), Limit, cancellationToken);

    /// <summary>Gives the lease back.</summary>
    public Task ReleaseAsync(ReleaseRequest release, CancellationToken cancellationToken) =>
        SendAsync(() => Request(HttpMethod.Post, "release", Json(release, ContractsJson.Default.ReleaseRequest)), Limit, cancellationToken);

    /// <summary>Stores a file as an artifact, from the disk to the wire in small pieces. Of a large one only the rest is sent again where it breaks off.</summary>
    public async Task UploadAsync(string name, string contentType, string file, CancellationToken cancellationToken)
    {
        var length = new FileInfo(file).Length;
        if (length >= ResumableFrom)
        {
            var upload = new ResumableUpload(transport, lease, name, contentType, file);
            await TryAsync(upload.TryAsync, cancellationToken);
            if (!upload.IsUnknown)
            {
                return;
            }
        }

        await SendAsync(() =>
        {
            var content = new StreamContent(Open(file));
            content.Headers.ContentType = MediaTypeHeaderValue.Parse(contentType);
            return Request(HttpMethod.Put, $"artifacts/{name}", content);
        }, LimitFor(length), cancellationToken);
    }

    /// <summary>How long a request with so much content may take.</summary>
    public static TimeSpan LimitFor(long bytes) => Limit + TimeSpan.FromSeconds(bytes / SlowestBytesPerSecond);

    /// <summary>Opens a file that is sent.</summary>
    public static FileStream Open(string file) =>
        new(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, 64 * Kilobyte, FileOptions.Asynchronous | FileOptions.SequentialScan);

    /// <summary>Brings an artifact of the task into a file.</summary>
    public Task DownloadAsync(string name, string file, CancellationToken cancellationToken) =>
        SendAsync(() => Request(HttpMethod.Get, $"artifacts/{name}", null), TimeSpan.FromHours(1), async (response, token) =>
        {
            await using var stream = new FileStream(file, FileMode.Create, FileAccess.Write, FileShare.None, 64 * Kilobyte, FileOptions.Asynchronous);
            await response.Content.CopyToAsync(stream, token);
            return true;
        }, cancellationToken);

    private HttpRequestMessage Request(HttpMethod method, string what, HttpContent? content) => new(method, $"v1/leases/{lease.TaskId}/{what}") { Content = content };

    private static JsonContent Json<T>(T value, JsonTypeInfo<T> type) => JsonContent.Create(value, type);

    private Task<bool> SendAsync(Func<HttpRequestMessage> make, TimeSpan limit, CancellationToken cancellationToken) =>
        SendAsync(make, limit, (_, _) => Task.FromResult(true), cancellationToken);

    private Task<T> SendAsync<T>(Func<HttpRequestMessage> make, TimeSpan limit, Func<HttpResponseMessage, CancellationToken, Task<T>> read, CancellationToken cancellationToken) =>
        TryAsync(async token =>
        {
            using var request = make();
            return await transport.SendAsync(request, lease.Token, limit, read, token);
        }, cancellationToken);

    private async Task<T> TryAsync<T>(Func<CancellationToken, Task<T>> send, CancellationToken cancellationToken)
    {
        try
        {
            return await retries.ExecuteAsync(async token => await send(token), cancellationToken);
        }
        catch (ApiRefusedException e) when (e.Status is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden)
        {
            throw new LeaseLostException(e.Message);
        }
    }
}
