using System.Net;
using CodeAgent.Api.Artifacts;
using CodeAgent.Api.Callbacks;
using CodeAgent.Api.Repositories;
using CodeAgent.Api.Tasks;
using CodeAgent.Api.Tests.Tasks;
using CodeAgent.Contracts;
using CodeAgent.ServiceDefaults.Configuration;
using CodeAgent.ServiceDefaults.Redis;
using CodeAgent.Testing;
using CodeAgent.Testing.Redis;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using StackExchange.Redis;

namespace CodeAgent.Api.Tests.Callbacks;

public sealed class CallbackDispatcherOnGarnet(GarnetFixture redis) : CallbackDispatcherTests(redis), IClassFixture<GarnetFixture>;

public sealed class CallbackDispatcherOnRedis(RedisServerFixture redis) : CallbackDispatcherTests(redis), IClassFixture<RedisServerFixture>;

/// <summary>Instances that deliver, at a time that the tests move, to receivers that are real.</summary>
public abstract class CallbackDispatcherTests(RedisFixture redis) : IAsyncLifetime
{
    private const string Secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    private const string NextSecret = "whsec_bmV4dC1zZWNyZXQtbmV4dC1zZWNyZXQtbmV4dA==";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("codeagent-callbacks-");
    private readonly FakeTimeProvider _time = new(Some.Start);
    private readonly List<IDisposable> _instances = [];
    private TaskStore _tasks = null!;
    private CallbackQueue _queue = null!;
    private Receiver _receiver = null!;
    private string _yaml = "callbacks: { secrets: [ '${SECRET}' ], allowHttp: true, allowedNetworks: [ 127.0.0.0/8 ], attempts: 4 }";

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private IDatabase Database => redis.Client.GetDatabase();

    public async ValueTask InitializeAsync()
    {
        Assert.SkipWhen(redis.Unavailable is not null, redis.Unavailable ?? "");
        await Database.ExecuteAsync("FLUSHALL");
        _tasks = new(redis.Client, new ArtifactStore(Options.Create(new ArtifactOptions { Root = _folder.FullName }), _time), _time, NullLogger<TaskStore>.Instance);
        _queue = new(redis.Client);
        _receiver = await Receiver.StartAsync(Stop);
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        _instances.ForEach(instance => instance.Dispose());
        if (_receiver is not null)
        {
            await _receiver.DisposeAsync();
        }

        _folder.Delete(recursive: true);
    }

    [Fact]
    public async Task What_was_not_delivered_when_the_Api_died_is_delivered_by_the_next_and_signed()
    {
        var task = await EndAsync(_receiver.Url);

        // Whoever committed the change is gone; this instance has heard of nothing.
        await (await InstanceAsync()).StartDueAsync(Stop);

        var received = (await _receiver.AtLeastAsync(1, Limit)).Single();
        Assert.Equal(("POST", "application/json", $"msg_{task:N}_3"), (received.Method, received.Headers["Content-Type"], received.Id));
        Assert.True(received.IsSignedWith(Secret));
        Assert.False(received.IsSignedWith(NextSecret));
        Assert.Equal(_time.GetUtcNow(), received.At);
        Assert.Equal(("task.canceled", Some.Start), (received.Json.GetProperty("type").GetString(), received.Json.GetProperty("timestamp").GetDateTimeOffset()));
        Assert.Equal((task, "canceled"), (received.Json.GetProperty("data").GetProperty("id").GetGuid(), received.Json.GetProperty("data").GetProperty("status").GetString()));
        Assert.Equal(CallbackOutcomes.Delivered, (await LoggedAsync(task, 1))[0].Outcome);
        await NothingIsLeftAsync();
    }

    [Fact]
    public async Task Every_time_that_a_task_stops_is_told_and_nothing_else()
    {
        TaskCommand[] life =
        [
            Submit(Some.Id, _receiver.Url), new TaskCommand.Claim("w", Some.Ttl), Some.Checkpoint(1), Some.Ask(), new TaskCommand.Message("m"),
            new TaskCommand.Claim("w", Some.Ttl), Some.Complete(Outcome.Failed, fence: 2), new TaskCommand.Retry(),
            new TaskCommand.Claim("w", Some.Ttl), Some.Checkpoint(1, messagesSeen: 1, fence: 3), Some.Complete(Outcome.Succeeded, fence: 3),
        ];
        foreach (var command in life)
        {
            (await _tasks.ChangeAsync(Some.Id, command, cancellationToken: Stop)).Require();
            _time.Advance(TimeSpan.FromSeconds(1));
        }

        var instance = await InstanceAsync();
        await Eventually.TrueAsync(async () =>
        {
            await instance.StartDueAsync(Stop);
            return _receiver.Received.Count == 3;
        }, Limit, "all came");
        Assert.Equal(["task.awaiting_input", "task.failed", "task.succeeded"],
            _receiver.Received.OrderBy(received => received.Json.GetProperty("timestamp").GetDateTimeOffset()).Select(received => received.Json.GetProperty("type").GetString()));
        var asked = _receiver.Received.Select(received => received.Json).Single(json => json.GetProperty("type").GetString() == "task.awaiting_input");
        Assert.Equal("Which one?", asked.GetProperty("data").GetProperty("question").GetProperty("text").GetString());
    }

    [Fact]
    public async Task A_callback_that_fails_comes_again_under_its_id_at_growing_pauses_and_is_given_up()
    {
        _receiver.Answer = Status(500);
        var task = await EndAsync(_receiver.Url);
        var instance = await InstanceAsync();
        for (var attempt = 1; attempt <= 4; attempt++)
        {
            await instance.StartDueAsync(Stop);
            var last = (await LoggedAsync(task, attempt))[0];
            Assert.Equal((attempt, 500, attempt < 4 ? CallbackOutcomes.Failed : CallbackOutcomes.GivenUp), (last.Attempt, last.Status, last.Outcome));
            if (last.NextAt is { } next)
            {
                var pause = (next - last.At).TotalSeconds;
                Assert.InRange(pause, 8 * Math.Pow(3, attempt - 1), 12 * Math.Pow(3, attempt - 1));
                _time.SetUtcNow(next - TimeSpan.FromMilliseconds(100));
                await instance.StartDueAsync(Stop);
                Assert.Equal(attempt, _receiver.Received.Count);
                _time.SetUtcNow(next + TimeSpan.FromMilliseconds(1));
            }
        }

        Assert.Single(_receiver.Received.Select(received => received.Id).Distinct());
        Assert.Single(_receiver.Received.Select(received => received.Body).Distinct());
        Assert.Equal(4, _receiver.Received.Select(received => received.At).Distinct().Count());
        Assert.All(_receiver.Received, received => Assert.True(received.IsSignedWith(Secret)));
        await NothingIsLeftAsync();
    }

    [Fact]
    public async Task A_receiver_says_when_it_is_to_be_asked_again_or_that_it_wants_no_more()
    {
        _receiver.Answer = http =>
        {
            (http.Response.StatusCode, http.Response.Headers.RetryAfter) = (503, "3600");
            return Task.CompletedTask;
        };
        var task = await EndAsync(_receiver.Url);
        var instance = await InstanceAsync();
        await instance.StartDueAsync(Stop);
        Assert.Equal(Some.Start.AddHours(1), (await LoggedAsync(task, 1))[0].NextAt);

        _receiver.Answer = Status(410);
        _time.Advance(TimeSpan.FromHours(1));
        await instance.StartDueAsync(Stop);

        Assert.Equal((CallbackOutcomes.Gone, 410), ((await LoggedAsync(task, 2))[0].Outcome, (await LoggedAsync(task, 2))[0].Status));
        await NothingIsLeftAsync();
    }

    [Fact]
    public async Task What_an_instance_that_died_had_claimed_is_delivered_by_another_and_settled_by_no_one_else()
    {
        var task = await EndAsync(_receiver.Url);
        var receiver = CallbackOutbox.ReceiverOf(_receiver.Url, null);
        var dead = Assert.Single(await _queue.ClaimAsync(receiver, 10, _time.GetUtcNow(), TimeSpan.FromSeconds(30)));
        var instance = await InstanceAsync();

        await instance.StartDueAsync(Stop);
        Assert.Empty(await _queue.ClaimAsync(receiver, 10, _time.GetUtcNow(), TimeSpan.FromSeconds(30)));
        _time.Advance(TimeSpan.FromSeconds(31));

        // One that was only asleep finds that it is not its own any more.
        var claim = Assert.Single(await _queue.ClaimAsync(receiver, 10, _time.GetUtcNow(), TimeSpan.FromSeconds(30)));
        Assert.False(await _queue.ReleaseAsync(dead, _time.GetUtcNow()));
        Assert.True(await _queue.ReleaseAsync(claim, _time.GetUtcNow()));
        Assert.Empty(_receiver.Received);
        await instance.StartDueAsync(Stop);

        await LoggedAsync(task, 1);
        Assert.Single(_receiver.Received);
    }

    [Fact]
    public async Task Two_instances_deliver_each_callback_once()
    {
        var ended = new List<Guid>();
        for (var i = 0; i < 100; i++)
        {
            ended.Add(await EndAsync(_receiver.Url));
        }

        CallbackDispatcher[] instances = [await InstanceAsync(), await InstanceAsync()];
        await Eventually.TrueAsync(async () =>
        {
            await Task.WhenAll(instances.Select(instance => instance.StartDueAsync(Stop)));
            return await Database.SortedSetLengthAsync(CallbackKeys.Receivers) == 0;
        }, Limit, "all are delivered");

        Assert.Equal(ended.Select(task => $"msg_{task:N}_3").Order(StringComparer.Ordinal), _receiver.Received.Select(received => received.Id).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_receiver_that_hangs_holds_nobody_else_and_rests_when_it_went_on_too_long()
    {
        await using var dead = await Receiver.StartAsync(Stop);
        dead.Answer = http => Task.Delay(Timeout.InfiniteTimeSpan, http.RequestAborted);
        for (var i = 0; i < 30; i++)
        {
            await EndAsync(dead.Url);
        }

        for (var i = 0; i < 30; i++)
        {
            await EndAsync(_receiver.Url);
        }

        // All that the others need happens while the dead one has not even come to its limit of time.
        var instance = await InstanceAsync();
        await Eventually.TrueAsync(async () =>
        {
            await instance.StartDueAsync(Stop);
            return _receiver.Received.Count == 30;
        }, Limit, "the others have theirs");
        Assert.Equal(4, (await dead.AtLeastAsync(4, Limit)).Count);

        await RunOutOfTimeAsync(instance, dead, 8);
        await RunOutOfTimeAsync(instance, dead, 8);
        await instance.StartDueAsync(Stop);
        Assert.Equal(8, dead.Received.Count);

        // After its rest, which begins when the failures were seen, one goes first.
        await Eventually.TrueAsync(async () =>
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            await instance.StartDueAsync(Stop);
            return dead.Received.Count > 8;
        }, Limit, "one is tried");
        await instance.StartDueAsync(Stop);
        Assert.Equal(9, dead.Received.Count);
    }

    [Fact]
    public async Task A_receiver_that_answers_for_ever_has_taken_it_and_is_left()
    {
        var left = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _receiver.Answer = async http =>
        {
            http.RequestAborted.Register(() => left.TrySetResult());
            while (!http.RequestAborted.IsCancellationRequested)
            {
                await http.Response.WriteAsync(new string('x', 10_000), http.RequestAborted);
            }
        };
        var task = await EndAsync(_receiver.Url);
        await (await InstanceAsync()).StartDueAsync(Stop);

        Assert.Equal(CallbackOutcomes.Delivered, (await LoggedAsync(task, 1))[0].Outcome);
        await left.Task.WaitAsync(Limit, Stop);
    }

    [Fact]
    public async Task While_secrets_change_a_callback_is_signed_with_both()
    {
        _yaml = _yaml.Replace("'${SECRET}'", "'${NEXT}', '${SECRET}'", StringComparison.Ordinal);
        await EndAsync(_receiver.Url);
        await (await InstanceAsync()).StartDueAsync(Stop);

        var received = (await _receiver.AtLeastAsync(1, Limit)).Single();
        Assert.True(received.IsSignedWith(Secret) && received.IsSignedWith(NextSecret));
    }

    [Fact]
    public async Task An_address_that_is_not_allowed_any_more_is_not_called()
    {
        _yaml = _yaml.Replace("127.0.0.0/8", "10.0.0.0/8", StringComparison.Ordinal);
        var task = await EndAsync(_receiver.Url);
        await (await InstanceAsync()).StartDueAsync(Stop);

        var attempt = (await LoggedAsync(task, 1))[0];
        Assert.Equal((CallbackOutcomes.Failed, "The name leads to an address that callbacks may not go to."), (attempt.Outcome, attempt.Error));
        Assert.Empty(_receiver.Received);
    }

    [Fact]
    public async Task An_instance_that_stops_gives_back_what_is_under_way()
    {
        _receiver.Answer = http => Task.Delay(Timeout.InfiniteTimeSpan, http.RequestAborted);
        var task = await EndAsync(_receiver.Url);
        var instance = await InstanceAsync();
        await instance.StartAsync(Stop);
        await _receiver.AtLeastAsync(1, Limit);

        await instance.StopAsync(Stop);
        Assert.Empty(await _queue.LogAsync(task));
        _receiver.Answer = Status(204);
        await (await InstanceAsync()).StartDueAsync(Stop);

        Assert.Equal((CallbackOutcomes.Delivered, 1), ((await LoggedAsync(task, 1))[0].Outcome, (await LoggedAsync(task, 1))[0].Attempt));
    }

    [Fact]
    public async Task A_tenant_whose_receivers_fail_or_hang_holds_up_no_other_tenant()
    {
        await using var dead = await Receiver.StartAsync(Stop);
        dead.Answer = http => Task.Delay(Timeout.InfiniteTimeSpan, http.RequestAborted);
        _yaml = _yaml.Replace("attempts: 4", "attempts: 4, atOnce: 4, tenants: { noisy: [ '${SECRET}' ], quiet: [ '${SECRET}' ] }", StringComparison.Ordinal);
        for (var i = 0; i < 10; i++)
        {
            await EndAsync(dead.Url, "noisy");
        }

        // Of the same receiver, but of others: their turn is their own.
        _ = (await EndAsync(dead.Url, "quiet"), await EndAsync(_receiver.Url));
        var instance = await InstanceAsync();
        await Eventually.TrueAsync(async () =>
        {
            await instance.StartDueAsync(Stop);
            return dead.Received.Count >= 3 && _receiver.Received.Count == 1;
        }, Limit, "all have a place");
        await instance.StartDueAsync(Stop);

        Assert.Equal(3, dead.Received.Count);
    }

    [Fact]
    public async Task Of_a_task_that_is_tried_for_ever_the_last_attempts_are_kept()
    {
        var claim = new CallbackClaim("x:1", "msg_1", 0);
        for (var i = 1; i <= CallbackQueue.LongestLog + 20; i++)
        {
            await _queue.SettleAsync(claim, Some.Id, new("msg_1", "task.failed", i, Some.Start, 1, CallbackOutcomes.Failed));
        }

        Assert.Equal(Enumerable.Range(21, CallbackQueue.LongestLog).Reverse(), (await _queue.LogAsync(Some.Id)).Select(attempt => attempt.Attempt));
    }

    private static Func<HttpContext, Task> Status(int status) => http =>
    {
        http.Response.StatusCode = status;
        return Task.CompletedTask;
    };

    private static TaskCommand.Submit Submit(Guid id, string url, string? tenant = null) =>
        Some.Submit with { Id = id, Tenant = tenant, Request = Some.Submit.Request with { Callback = url } };

    private async Task<Guid> EndAsync(string url, string? tenant = null)
    {
        var id = Guid.CreateVersion7();
        await _tasks.ChangeAsync(id, Submit(id, url, tenant), cancellationToken: Stop);
        (await _tasks.ChangeAsync(id, new TaskCommand.Cancel(), cancellationToken: Stop)).Require();
        return id;
    }

    private async Task<CallbackDispatcher> InstanceAsync()
    {
        var path = Path.Combine(_folder.FullName, "api.yaml");
        await File.WriteAllTextAsync(path, _yaml, Stop);
        var file = await ConfigFile.LoadAsync<ApiConfig>(path, name => name == "SECRET" ? Secret : NextSecret, ApiConfig.Validate, Stop);
        var sender = new CallbackSender(new(() => file.Current.Callbacks.AllowedNetworks, Dns.GetHostAddressesAsync), _time);
        var signal = new CallbackSignal(redis.Client, _time, NullLogger<CallbackSignal>.Instance);
        var instance = new CallbackDispatcher(_queue, sender, signal, file, _time, NullLogger<CallbackDispatcher>.Instance);
        _instances.AddRange([instance, signal, sender]);
        return instance;
    }

    private Task<IReadOnlyList<CallbackAttempt>> LoggedAsync(Guid task, int count) =>
        Eventually.GetAsync(async () => await _queue.LogAsync(task) is { } log && log.Count >= count ? log : null, Limit, $"{count} attempts are logged");

    // Lets what hangs run out of time, and what is started for it, until so many have come.
    private Task RunOutOfTimeAsync(CallbackDispatcher instance, Receiver dead, int count)
    {
        _time.Advance(TimeSpan.FromSeconds(10));
        return Eventually.TrueAsync(async () =>
        {
            await instance.StartDueAsync(Stop);
            return dead.Received.Count == count;
        }, Limit, $"{count} were tried");
    }

    private async Task NothingIsLeftAsync()
    {
        await Eventually.TrueAsync(async () => await Database.SortedSetLengthAsync(CallbackKeys.Receivers) == 0, Limit, "nothing is due");
        await foreach (var key in redis.Client.GetServers().Single().KeysAsync(pattern: RedisKeys.Prefix + "callback*"))
        {
            Assert.Fail($"{key} is left");
        }
    }
}
