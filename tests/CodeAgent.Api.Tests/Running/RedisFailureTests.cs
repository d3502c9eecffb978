using System.Diagnostics;
using System.Net;
using CodeAgent.Contracts;
using CodeAgent.Testing;
using CodeAgent.Testing.Redis;
using StackExchange.Redis;

namespace CodeAgent.Api.Tests.Running;

/// <summary>A Redis that is paused, dies and is replaced, or forgets its scripts, while the Api works.</summary>
public sealed class RedisFailureTests : IAsyncLifetime
{
    private static readonly TimeSpan AwayAfter = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Ttl = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan Sweeps = TimeSpan.FromSeconds(0.1);
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    private readonly string _folder = Directory.CreateTempSubdirectory("codeagent-api-").FullName;
    private readonly List<IAsyncDisposable> _running = [];
    private readonly List<IDisposable> _clients = [];
    private RedisProcess _redis = null!;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        var redis = RedisProcess.Start(_folder);
        Assert.SkipWhen(redis is null, "redis-server is not on the PATH");
        _running.Add(_redis = redis!);
        await using var client = await AnswersAsync(_redis);
    }

    public async ValueTask DisposeAsync()
    {
        _clients.ForEach(client => client.Dispose());
        for (var i = _running.Count - 1; i >= 0; i--)
        {
            await _running[i].DisposeAsync();
        }

        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task While_it_is_paused_requests_are_refused_soon_and_then_at_once_and_all_goes_on_after_it()
    {
        var (api, _) = Start($"{_redis.EndPoint},asyncTimeout=60000,syncTimeout=60000");
        var task = await api.SubmitAsync();
        await _redis.PauseAsync();

        // What is under way when it falls silent waits until that is noticed, and not for the client's patience, which is a minute here.
        Assert.InRange(await RefusedAsync(api, task.Id), TimeSpan.Zero, Limit);
        var clock = Stopwatch.StartNew();
        for (var i = 0; i < 20; i++)
        {
            await RefusedAsync(api, task.Id);
        }

        Assert.InRange(clock.Elapsed, TimeSpan.Zero, AwayAfter * 10);
        await _redis.ResumeAsync();
        await Eventually.TrueAsync(() => FoundAsync(api, task.Id), Limit, "the task is found again");
    }

    [Fact]
    public async Task When_it_died_and_is_back_with_its_file_all_goes_on_where_it_was()
    {
        var (api, claims) = Start(_redis.EndPoint);
        var task = await api.SubmitAsync();
        var worker = Keep(api.With((await claims.ClaimAsync())!));
        await worker.ReportAsync(task.Id, 0, "before");
        await _redis.KillAsync();
        await RefusedAsync(api, null);

        _redis.Restart();

        await Eventually.TrueAsync(() => FoundAsync(api, task.Id), Limit, "the task is found again");
        await worker.HeartbeatAsync(task.Id);
        await worker.ReportAsync(task.Id, 1, "after");
        await worker.CompleteAsync(task.Id);
        var events = (await api.EventsAsync(task.Id)).Items;
        Assert.Equal(Enumerable.Range(1, events.Count), events.Select(e => (int)e.Number));
        Assert.Equal(["before", "after"], events.Where(e => e.Type == EventTypes.Output).Select(e => e.Data.GetProperty("text").GetString()));
        Assert.Equal((TaskStatus.Succeeded, 1), ((await api.GetAsync(task.Id)).Status, (await api.GetAsync(task.Id)).Attempt));
    }

    [Fact]
    public async Task A_watcher_stays_hears_that_it_is_connected_and_misses_nothing()
    {
        var (api, claims) = Start(_redis.EndPoint);
        var task = await api.SubmitAsync();
        var worker = Keep(api.With((await claims.ClaimAsync())!));

        // That it was queued and that it was claimed.
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/v1/tasks/{task.Id}/events");
        using var answer = await api.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Stop);
        using var lines = new StreamReader(await answer.Content.ReadAsStreamAsync(Stop));
        var seen = new List<long> { await NextIdAsync(lines), await NextIdAsync(lines) };
        await _redis.PauseAsync();
        await RefusedAsync(api, task.Id);

        for (var heartbeats = 0; heartbeats < 5;)
        {
            heartbeats += await lines.ReadLineAsync(Stop).AsTask().WaitAsync(Limit, Stop) == ":" ? 1 : 0;
        }

        await _redis.ResumeAsync();
        await Eventually.TrueAsync(() => FoundAsync(api, task.Id), Limit, "the task is found again");
        await worker.ReportAsync(task.Id, 0, "after it");
        await worker.CompleteAsync(task.Id);
        var last = (await api.EventsAsync(task.Id)).Items[^1].Number;
        while (seen[^1] < last)
        {
            seen.Add(await NextIdAsync(lines));
        }

        Assert.Equal(Enumerable.Range(1, (int)last).Select(number => (long)number), seen);
    }

    [Fact]
    public async Task A_lease_does_not_lapse_for_the_time_in_which_it_was_away_but_does_after_it()
    {
        var (api, claims) = Start(_redis.EndPoint);
        var task = await api.SubmitAsync();
        var worker = Keep(api.With((await claims.ClaimAsync())!));
        await _redis.PauseAsync();
        var clock = Stopwatch.StartNew();
        await RefusedAsync(api, task.Id);
        await Eventually.TrueAsync(() => Task.FromResult(clock.Elapsed > Ttl), Limit, "the lease's own time is over");
        await _redis.ResumeAsync();
        await Eventually.TrueAsync(() => FoundAsync(api, task.Id), Limit, "the task is found again");

        // Five sweeps go by before the worker is heard of.
        await Task.Delay(Sweeps * 5, Stop);
        await worker.HeartbeatAsync(task.Id);
        Assert.Equal((TaskStatus.Running, 1), ((await api.GetAsync(task.Id)).Status, (await api.GetAsync(task.Id)).Attempt));

        await Eventually.TrueAsync(async () => (await api.EventsAsync(task.Id)).Items.Any(e => e.Type == EventTypes.TaskRequeued), Limit, "a worker that stays silent loses it all the same");
    }

    [Fact]
    public async Task A_replica_that_is_promoted_takes_over()
    {
        var replica = RedisProcess.Start(master: _redis.Port)!;
        _running.Add(replica);
        await using var control = await AnswersAsync(replica);
        var server = control.GetServer(replica.EndPoint);
        await Eventually.TrueAsync(async () => (await server.InfoAsync("replication")).SelectMany(part => part)
            .Any(line => line is { Key: "master_link_status", Value: "up" }), Limit, "the replica follows");
        var (api, claims) = Start($"{_redis.EndPoint},{replica.EndPoint}");
        var task = await api.SubmitAsync();
        var worker = Keep(api.With((await claims.ClaimAsync())!));
        await worker.ReportAsync(task.Id, 0, "before");
        await Eventually.TrueAsync(async () => await control.GetDatabase().ListLengthAsync($"codeagent:task:{task.Id:D}:events", CommandFlags.PreferReplica) >= 3,
            Limit, "the replica has it all");

        await _redis.KillAsync();
        await RefusedAsync(api, null);
        await control.GetDatabase().ExecuteAsync("REPLICAOF", ["NO", "ONE"], CommandFlags.PreferReplica);

        await Eventually.TrueAsync(async () =>
        {
            using var answer = await worker.PostAsync($"/v1/leases/{task.Id}/events", ApiClient.Batch(1, "after"), ContractsJson.Default.EventBatch);
            return answer.StatusCode == HttpStatusCode.NoContent;
        }, Limit, "the promoted one is written to");
        await worker.CompleteAsync(task.Id);
        var events = (await api.EventsAsync(task.Id)).Items;
        Assert.Equal(Enumerable.Range(1, events.Count), events.Select(e => (int)e.Number));
        Assert.Equal(["before", "after"], events.Where(e => e.Type == EventTypes.Output).Select(e => e.Data.GetProperty("text").GetString()));
    }

    [Fact]
    public async Task Scripts_that_it_forgot_are_sent_again()
    {
        var (api, claims) = Start(_redis.EndPoint);
        await using var control = await AnswersAsync(_redis);
        for (var i = 0; i < 3; i++)
        {
            var task = await api.SubmitAsync();
            await control.GetDatabase().ExecuteAsync("SCRIPT", "FLUSH");
            var worker = Keep(api.With((await claims.ClaimAsync())!));
            await control.GetDatabase().ExecuteAsync("SCRIPT", "FLUSH");
            await worker.ReportAsync(task.Id, 0, "text");
            await control.GetDatabase().ExecuteAsync("SCRIPT", "FLUSH");
            await worker.CompleteAsync(task.Id);
            Assert.Equal(TaskStatus.Succeeded, (await api.GetAsync(task.Id)).Status);
        }
    }

    private static async Task<ConnectionMultiplexer> AnswersAsync(RedisProcess redis)
    {
        var client = await ConnectionMultiplexer.ConnectAsync($"{redis.EndPoint},abortConnect=false,allowAdmin=true");
        await Eventually.TrueAsync(() => Task.FromResult(client.IsConnected), Limit, "the server answers");
        return client;
    }

    private static async Task<long> NextIdAsync(StreamReader lines)
    {
        while (true)
        {
            if (await lines.ReadLineAsync(Stop).AsTask().WaitAsync(Limit, Stop) is { } line && line.StartsWith("id: ", StringComparison.Ordinal))
            {
                return long.Parse(line["id: ".Length..], System.Globalization.CultureInfo.InvariantCulture);
            }
        }
    }

    /// <summary>How long the refusal took.</summary>
    private static async Task<TimeSpan> RefusedAsync(ApiClient api, Guid? task)
    {
        var clock = Stopwatch.StartNew();
        using var answer = task is { } id ? await api.Http.GetAsync($"/v1/tasks/{id}", Stop) : await api.PostTextAsync("/v1/tasks", """{ "prompt": "x" }""");
        await ApiClient.ExpectProblemAsync(answer, HttpStatusCode.ServiceUnavailable, "redis-unavailable");
        Assert.Equal(TimeSpan.FromSeconds(2), answer.Headers.RetryAfter?.Delta);
        return clock.Elapsed;
    }

    private static async Task<bool> FoundAsync(ApiClient api, Guid task)
    {
        using var answer = await api.Http.GetAsync($"/v1/tasks/{task}", Stop);
        return answer.StatusCode == HttpStatusCode.OK;
    }

    private (ApiClient Api, ApiClient Claims) Start(string redis)
    {
        var server = ApiServer.Start($"{redis},abortConnect=false", _folder,
            ("Redis:AwayAfter", AwayAfter.ToString()), ("Leases:Ttl", Ttl.ToString()), ("Leases:SweepInterval", Sweeps.ToString()), ("Events:Heartbeat", "00:00:00.3"));
        _running.Add(server);
        return (Keep(server.Client()), Keep(server.Client(ApiServer.WorkerKey)));
    }

    private ApiClient Keep(ApiClient client)
    {
        _clients.Add(client);
        return client;
    }
}
