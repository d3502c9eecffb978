using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using CodeAgent.Api.Tests.Hostile;
using CodeAgent.Api.Tests.Hostile.Fuzz;
using CodeAgent.Api.Tests.Running;
using CodeAgent.Contracts;
using CodeAgent.Testing.Network;
using CodeAgent.Testing.Redis;
using FsCheck;
using FsCheck.Fluent;

namespace CodeAgent.Api.Tests.Starvation;

/// <summary>
/// An Api with four threads, a Redis that takes seconds for each answer, clients that send half of what they announce, and
/// hundreds of requests for each operation of the OpenAPI document in flight: whoever asks for something cheap is answered all the
/// same. One handler that waits on its thread would hold all four of them for most of the time.
/// </summary>
public sealed class StarvationTests(RedisServerFixture redis) : IClassFixture<RedisServerFixture>, IAsyncLifetime
{
    private const int Each = 10 * ApiProcess.Threads;
    private static readonly TimeSpan Slow = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    // Blocked, a flood keeps the threads for twice as long.
    private static readonly TimeSpan MostLatency = Slow * Each / ApiProcess.Threads / 2;

    private readonly string _folder = Directory.CreateTempSubdirectory("codeagent-api-").FullName;
    private Link _link = null!;
    private ApiProcess _api = null!;
    private ApiClient _client = null!;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        Assert.SkipWhen(redis.Unavailable is not null, redis.Unavailable ?? "");
        _link = new(int.Parse(redis.ConnectionString.Split(':', ',')[1], CultureInfo.InvariantCulture));
        _api = await ApiProcess.StartAsync($"127.0.0.1:{_link.Port},asyncTimeout=60000,syncTimeout=15000", _folder);
        _client = Client(ApiServer.ApiKey);
    }

    public async ValueTask DisposeAsync()
    {
        _client?.Dispose();
        if (_api is not null)
        {
            await _api.DisposeAsync();
        }

        if (_link is not null)
        {
            await _link.DisposeAsync();
        }

        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task No_request_keeps_a_thread_while_it_waits()
    {
        using var document = JsonDocument.Parse(await _client.Http.GetStringAsync("/openapi/v1.json", Stop));
        List<Lease> leases = [];
        for (var i = 0; i < 3; i++)
        {
            await _client.SubmitAsync();
            using var worker = Client(ApiServer.WorkerKey);
            leases.Add((await worker.ClaimAsync())!);
        }

        _link.Delay = Slow / 2;
        var requests = Operation.ReadAll(document.RootElement).SelectMany(operation => FuzzRequest.For(document.RootElement, [operation]).Sample(Each, new Rnd(1), 20));
        var latency = await LongestLatencyAsync(requests.SelectMany((request, number) =>
        {
            var lease = leases[number % leases.Count];
            var key = request.Operation.Path == "/v1/leases" ? ApiServer.WorkerKey : request.Operation.Path.StartsWith("/v1/leases", StringComparison.Ordinal) ? lease.Token : ApiServer.ApiKey;
            var whole = request.ToBytes(key, lease.TaskId);

            // Every fourth client stops in the middle of its body.
            return number % 4 == 0 && request.Body is { Length: > 1 } ? new[] { whole[..^1] } : [whole];
        }));

        Assert.True(latency < MostLatency, $"something cheap took {latency}");
    }

    [Fact]
    public async Task A_handler_that_keeps_its_thread_is_noticed()
    {
        _link.Delay = Slow / 2;
        var latency = await LongestLatencyAsync(Enumerable.Repeat(Encoding.ASCII.GetBytes($"GET {BlockingHandler.Path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"), Each));

        Assert.True(latency >= MostLatency, $"something cheap took no longer than {latency} while {Each} requests kept threads");
    }

    // How long something cheap takes at most while all of these are in flight.
    private async Task<TimeSpan> LongestLatencyAsync(IEnumerable<byte[]> requests)
    {
        var flood = Task.WhenAll(requests.Select(request => RawHttp.SendAsync(_api.Address, request, Patience + MostLatency)));
        var longest = TimeSpan.Zero;
        while (!flood.IsCompleted && longest < MostLatency)
        {
            var clock = Stopwatch.StartNew();
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(Stop);
            patience.CancelAfter(MostLatency);
            try
            {
                using var answer = await _client.Http.GetAsync("/alive", patience.Token);
            }
            catch (OperationCanceledException) when (!Stop.IsCancellationRequested)
            {
                // Long enough to know.
            }

            longest = clock.Elapsed > longest ? clock.Elapsed : longest;
        }

        TestContext.Current.SendDiagnosticMessage(string.Create(CultureInfo.InvariantCulture, $"the longest of the cheap requests took {longest.TotalMilliseconds:0} ms"));
        return longest;
    }

    private ApiClient Client(string key)
    {
        var http = new HttpClient { BaseAddress = _api.Address, Timeout = TimeSpan.FromMinutes(2) };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        return new(http);
    }
}
