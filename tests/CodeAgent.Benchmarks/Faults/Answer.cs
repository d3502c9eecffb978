using System.Net;
using System.Net.Http.Headers;

namespace CodeAgent.Benchmarks.Faults;

/// <summary>What came of a request; <see cref="Status"/> is 0 where nothing came.</summary>
internal readonly record struct Answer(int Status, string Body)
{
    public bool IsAccepted => Status is >= 200 and < 300;

    /// <summary>Whether the same request is to be sent again: nobody knows, or not now.</summary>
    public bool IsOpen => Status is 0 or 429 || Status >= 500 || (Status == (int)HttpStatusCode.Conflict && Body.Contains("idempotency-key-in-flight", StringComparison.Ordinal));
}

/// <summary>Asks the two instances of the Api, and takes note of answers that no fault excuses.</summary>
internal sealed class ApiClients(IReadOnlyList<Uri> addresses, Journal journal) : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1.5);

    /// <summary>Before a request is sent again.</summary>
    public static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(30);
    private readonly HttpClient[] _instances =
    [
        .. addresses.Select(address => new HttpClient(new SocketsHttpHandler { UseProxy = false, ConnectTimeout = Patience }) { BaseAddress = address, Timeout = Timeout.InfiniteTimeSpan }),
    ];

    public HttpClient this[int instance] => _instances[instance % _instances.Length];

    /// <summary>Asks once.</summary>
    /// <param name="instance">Which instance.</param>
    /// <param name="make">Makes the request.</param>
    /// <param name="stop">Gives up, with an <see cref="OperationCanceledException"/>.</param>
    /// <param name="patience">How long the answer may take; 1.5 s where it is left out.</param>
    public async Task<Answer> AskAsync(int instance, Func<HttpRequestMessage> make, CancellationToken stop, TimeSpan? patience = null)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limit.CancelAfter(patience ?? Patience);
        using var request = make();
        try
        {
            using var answer = await this[instance].SendAsync(request, limit.Token);
            var body = await answer.Content.ReadAsStringAsync(limit.Token);
            if (answer.StatusCode == HttpStatusCode.InternalServerError)
            {
                // 503 says that something is away. No fault makes an unforeseen error right.
                journal.Wrong.Enqueue($"{request.Method} {request.RequestUri}: {body}");
            }

            return new((int)answer.StatusCode, body);
        }
        catch (Exception e) when (e is HttpRequestException or IOException || (e is OperationCanceledException && !stop.IsCancellationRequested))
        {
            return default;
        }
    }

    /// <summary>Asks one instance after the other until one gives an answer that is one.</summary>
    public async Task<Answer> InsistAsync(int instance, Func<HttpRequestMessage> make, CancellationToken stop)
    {
        while (true)
        {
            var answer = await AskAsync(instance++, make, stop);
            if (!answer.IsOpen)
            {
                return answer;
            }

            await Task.Delay(Pause, stop);
        }
    }

    /// <summary>The content at an address, whole; null where there is none.</summary>
    public async Task<byte[]?> DownloadAsync(string path, string key, CancellationToken stop)
    {
        using var request = Request(HttpMethod.Get, path, key);
        using var answer = await this[0].SendAsync(request, stop);
        return answer.IsSuccessStatusCode ? await answer.Content.ReadAsByteArrayAsync(stop) : null;
    }

    /// <summary>A request with a key.</summary>
    public static HttpRequestMessage Request(HttpMethod method, string path, string key, Func<HttpContent>? content = null, string? once = null)
    {
        var request = new HttpRequestMessage(method, path) { Content = content?.Invoke(), Headers = { Authorization = new AuthenticationHeaderValue("Bearer", key) } };
        if (once is not null)
        {
            request.Headers.Add("Idempotency-Key", once);
        }

        return request;
    }

    public void Dispose()
    {
        foreach (var instance in _instances)
        {
            instance.Dispose();
        }
    }
}
