using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using CodeAgent.Api.Keys;
using CodeAgent.Api.Tests.Running;
using CodeAgent.Contracts;
using CodeAgent.ServiceDefaults.Identity;
using CodeAgent.Testing.Redis;
using FsCheck;
using FsCheck.Fluent;

namespace CodeAgent.Api.Tests.Hostile.Fuzz;

/// <summary>
/// Requests made up from the OpenAPI document, right, nearly right and wild, with every kind of key: none is answered with an error
/// of the server's, none hangs, each refusal says what it is, and the memory stays. <c>CODEAGENT_FUZZ_SECONDS</c> (6) says how
/// long, <c>CODEAGENT_FUZZ_SEED</c> with which requests; the same seed makes the same ones up.
/// </summary>
public abstract class FuzzTests(IApiFixture fixture) : ApiTests(fixture)
{
    private const int AtOnce = 4;
    private const int Batch = 100;
    private const long MostGrowth = 64 * 1024 * 1024;

    // Held this long, a request waits for something; longer than the limit it hangs.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private readonly StringBuilder _wrong = new();
    private readonly SortedDictionary<int, int> _answers = [];
    private TimeSpan _slowest;

    // What a client that left was granted goes back at once; nothing lapses meanwhile.
    protected override IEnumerable<(string Name, string Value)> Settings => [("Leases:Ttl", "00:30:00")];

    [Fact]
    public async Task No_request_whatever_it_is_gets_an_error_of_the_server()
    {
        var seed = ulong.Parse(Environment.GetEnvironmentVariable("CODEAGENT_FUZZ_SEED") ?? "20260102", CultureInfo.InvariantCulture);
        var seconds = double.Parse(Environment.GetEnvironmentVariable("CODEAGENT_FUZZ_SECONDS") ?? "6", CultureInfo.InvariantCulture);
        using var document = JsonDocument.Parse(await Api.Http.GetStringAsync("/openapi/v1.json", Stop));
        var operations = Operation.ReadAll(document.RootElement);
        var requests = FuzzRequest.For(document.RootElement, operations);
        var keys = await KeysAsync();

        var (clock, count, memory) = (Stopwatch.StartNew(), 0, 0L);
        for (var batch = 0UL; clock.Elapsed.TotalSeconds < seconds && _wrong.Length == 0; batch++)
        {
            var tasks = await TasksAsync();
            var made = requests.Sample(Batch, new Rnd(seed + batch), 40);
            await Parallel.ForEachAsync(made, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = Stop }, async (request, _) =>
                await TryAsync(request, keys, tasks, $"seed {seed + batch}"));
            count += Batch;

            // The first batch loads what is loaded once.
            memory = batch == 0 ? GC.GetTotalMemory(forceFullCollection: true) : memory;
        }

        var growth = GC.GetTotalMemory(forceFullCollection: true) - memory;
        TestContext.Current.SendDiagnosticMessage(string.Create(CultureInfo.InvariantCulture,
            $"{count} requests, slowest answer after {_slowest.TotalMilliseconds:0} ms, memory grew by {growth / 1024.0 / 1024:0.0} MB; answers: {string.Join(", ", _answers.Select(answer => $"{answer.Value} × {answer.Key}"))}"));
        Assert.True(_wrong.Length == 0, $"{_wrong}");
        Assert.True(count > Batch, "only one batch had its turn");
        Assert.True(growth < MostGrowth, $"the memory grew by {growth:N0} bytes in {count} requests");
        Assert.All([200, 201, 400, 401, 403, 404, 409], status => Assert.True(_answers.ContainsKey(status), $"no answer was {status}: what is made up does not get far"));
    }

    private async Task TryAsync(FuzzRequest request, IReadOnlyList<string?> keys, IReadOnlyList<(Guid Id, string? Token)> tasks, string seed)
    {
        var task = tasks[request.Task % tasks.Count];

        // Mostly the key that opens it, so that more than the door is tried.
        var right = request.Operation.Path switch
        {
            "/v1/leases" => ApiServer.WorkerKey,
            var path when path.StartsWith("/v1/leases/", StringComparison.Ordinal) => task.Token,
            _ => ApiServer.ApiKey,
        };
        var key = request.Key % 10 < 7 ? right : request.Key % 10 == 7 ? task.Token : keys[request.Key / 10 % keys.Count];
        var bytes = request.ToBytes(key, task.Id);
        var answer = await RawHttp.SendAsync(Server.Address, bytes, request.Operation.MayWait ? Patience : Limit);
        if (Judge(request, answer) is { } wrong)
        {
            lock (_wrong)
            {
                _wrong.AppendLine(CultureInfo.InvariantCulture, $"{wrong} ({seed}, key {key?[..Math.Min(12, key.Length)] ?? "none"})\n{Encoding.Latin1.GetString(bytes, 0, Math.Min(bytes.Length, 2_000))}\n");
            }
        }

        lock (_answers)
        {
            _answers[answer?.Status ?? -1] = _answers.GetValueOrDefault(answer?.Status ?? -1) + 1;
            _slowest = answer?.After > _slowest && !request.Operation.MayWait ? answer.After : _slowest;
        }
    }

    private static string? Judge(FuzzRequest request, RawAnswer? answer) => answer switch
    {
        null => request.Operation.MayWait ? null : $"no answer within {Limit}",

        // Nothing is said to who asks for the headers alone.
        { Status: > 0 and < 500 or 503 } when request.Operation.Method == "HEAD" => answer.Body.Length == 0 ? null : $"content where none was asked for: {answer.Body}",
        { Status: 503 } when answer.Headers.ContainsKey("Retry-After") && answer.Problem is not null => null,
        { Status: >= 500 } => $"answered with {answer.Status}: {answer.Body}",
        { Status: >= 400, Problem: null } when answer.Body.Length > 0 || !IsOfTheServer(answer) => $"a refusal with {answer.Status} that is no problem: {answer.Body}",
        { Status: 0 } => "the connection was closed without an answer",
        _ => null,
    };

    // What is no HTTP the server refuses before anything of ours is asked; it says so with a bare status, and closes.
    private static bool IsOfTheServer(RawAnswer answer) =>
        answer.Status is 400 or 411 or 413 or 414 or 417 or 431 && answer.Headers.GetValueOrDefault("Connection") == "close" && !answer.Headers.ContainsKey("X-Correlation-Id");

    // None, one that is not known, one of each kind, and one for everything.
    private async Task<IReadOnlyList<string?>> KeysAsync()
    {
        List<string?> keys = [null, "ca_unknown", ApiServer.WorkerKey, ApiServer.ApiKey];
        foreach (var scope in (string[])[Scopes.Read, Scopes.Submit, Scopes.Operate, Scopes.Admin, Scopes.Models, Scopes.Gateway])
        {
            using var answer = await Api.PostAsync("/v1/keys", new() { Name = scope, Scopes = [scope] }, KeysJson.Default.KeyRequest);
            keys.Add((await ApiClient.ReadAsync(answer, System.Net.HttpStatusCode.Created, KeysJson.Default.NewKeyView)).Key);
        }

        return keys;
    }

    // Tasks in several states, with the tokens of leases that hold and of one that is over.
    private async Task<IReadOnlyList<(Guid Id, string? Token)>> TasksAsync()
    {
        List<(Guid, string?)> tasks = [(Guid.CreateVersion7(), null), ((await Api.SubmitAsync()).Id, null)];
        for (var i = 0; i < 5; i++)
        {
            var lease = await LeaseAsync();
            tasks.Add((lease.TaskId, lease.Token));
            using var worker = Api.With(lease);
            using var stored = await worker.Http.PutAsync($"/v1/leases/{lease.TaskId}/artifacts/log", new StringContent("log"), Stop);
            if (i == 0)
            {
                // Not where the fuzzer said something to it meanwhile.
                using var ended = await worker.PostTextAsync($"/v1/leases/{lease.TaskId}/complete", """{ "outcome": "failed", "failure": { "code": "a", "message": "b" } }""");
            }
        }

        return tasks;
    }

    // The fuzzer's own claims may be quicker.
    private async Task<Lease> LeaseAsync()
    {
        while (true)
        {
            await Api.SubmitAsync(new() { Prompt = "x", Priority = 100 });
            if (await Worker.ClaimAsync() is { } lease)
            {
                return lease;
            }
        }
    }
}

/// <summary>Alone in the process while they run: they measure the memory of all of it.</summary>
[CollectionDefinition(nameof(FuzzTests), DisableParallelization = true)]
public sealed class AloneInTheProcess;

[Collection(nameof(FuzzTests))]
public sealed class FuzzOnGarnet(ApiOn<GarnetFixture> fixture) : FuzzTests(fixture), IClassFixture<ApiOn<GarnetFixture>>;

[Collection(nameof(FuzzTests))]
public sealed class FuzzOnRedis(ApiOn<RedisServerFixture> fixture) : FuzzTests(fixture), IClassFixture<ApiOn<RedisServerFixture>>;
