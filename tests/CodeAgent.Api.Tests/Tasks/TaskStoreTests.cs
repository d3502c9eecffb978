using CodeAgent.Api.Artifacts;
using CodeAgent.Api.Queue;
using CodeAgent.Api.Tasks;
using CodeAgent.Contracts;
using CodeAgent.ServiceDefaults.Problems;
using CodeAgent.ServiceDefaults.Redis;
using CodeAgent.Testing.Redis;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace CodeAgent.Api.Tests.Tasks;

public abstract class TaskStoreTests(RedisFixture redis) : IAsyncLifetime
{
    private ConnectionMultiplexer _client = null!;
    private TaskStore _store = null!;

    protected RedisFixture Redis { get; } = redis;

    protected IDatabase Database => Redis.Client.GetDatabase();

    public async ValueTask InitializeAsync()
    {
        Assert.SkipWhen(Redis.Unavailable is not null, Redis.Unavailable ?? "");
        await Database.ExecuteAsync("FLUSHALL");
        var options = ConfigurationOptions.Parse(Redis.ConnectionString);

        // The client looks for answers that are overdue at each of its own heartbeats.
        options.AsyncTimeout = 400;
        options.HeartbeatInterval = TimeSpan.FromMilliseconds(50);
        _client = await ConnectionMultiplexer.ConnectAsync(options);
        var files = new ArtifactStore(Options.Create(new ArtifactOptions { Root = Path.GetTempPath() }), TimeProvider.System);
        _store = new(_client, files, TimeProvider.System, NullLogger<TaskStore>.Instance);
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        if (_client is not null)
        {
            await _client.DisposeAsync();
        }
    }

    [Fact]
    public async Task Of_commits_of_one_version_one_is_carried_out()
    {
        for (long version = 0; version < 200; version++)
        {
            var commits = Enumerable.Range(0, 8).Select(i =>
                new TaskCommit(RedisKeys.Task(Some.Id), version).Do("RPUSH", TaskKeys.Events(Some.Id), $"{version}").RunAsync((i % 2 == 0 ? _client : Redis.Client).GetDatabase()));

            Assert.Single(await Task.WhenAll(commits), result => result == CommitResult.Done);
        }

        Assert.Equal(Enumerable.Range(0, 200).Select(i => $"{i}"), (await Database.ListRangeAsync(TaskKeys.Events(Some.Id))).Select(value => value.ToString()));
        Assert.Equal(200, (int)await Database.HashGetAsync(RedisKeys.Task(Some.Id), "version"));
    }

    [Fact]
    public async Task Changes_that_meet_all_happen_one_after_another()
    {
        await ChangeAsync(Some.Submit);
        var numbers = await Task.WhenAll(Enumerable.Range(0, 20).Select(async _ => (await ChangeAsync(new TaskCommand.Message("m"))).Require().Messages));

        Assert.Equal(Enumerable.Range(1, 20), numbers.Order());
        Assert.Equal(21, await Database.ListLengthAsync(TaskKeys.Events(Some.Id)));
    }

    [Theory]
    [InlineData("Look at {x}.")]
    [InlineData("{}")]
    [InlineData("42")]
    [InlineData("null")]
    public async Task A_message_that_was_stored_as_plain_text_is_read(string text)
    {
        await ChangeAsync(Some.Submit);
        await ChangeAsync(new TaskCommand.Message("First."));
        await Database.ListRightPushAsync(TaskKeys.Messages(Some.Id), text);

        Assert.Equal([new(1, "First."), new FollowUp(2, text)], await _store.MessagesAsync(Some.Id, 0, 10));
    }

    [Fact]
    public async Task A_task_is_where_its_state_says_and_nowhere_else()
    {
        TaskCommand[] life =
        [
            Some.Submit with { Request = Some.Submit.Request with { Labels = new Dictionary<string, string> { ["a"] = "b" } } },
            new TaskCommand.Claim("w", Some.Ttl), Some.Checkpoint(1), Some.Ask(), new TaskCommand.Message("m"),
            new TaskCommand.Claim("w", Some.Ttl), Some.Checkpoint(1, messagesSeen: 1, fence: 2), new TaskCommand.Release(2, "r"), new TaskCommand.Claim("w", TimeSpan.Zero), new TaskCommand.Lapse(new(TimeSpan.FromTicks(2), TimeSpan.FromTicks(2))), new TaskCommand.Due(),
            new TaskCommand.Cancel(), new TaskCommand.Retry(), new TaskCommand.Claim("w", Some.Ttl), Some.Checkpoint(1, messagesSeen: 1, fence: 4), Some.Complete(Outcome.Succeeded, fence: 4),
        ];
        foreach (var command in life)
        {
            var task = (await ChangeAsync(command, (commit, state) =>
            {
                if (command is TaskCommand.StoreCheckpoint)
                {
                    commit.Do("SET", TaskKeys.Checkpoint(state.Id), "{}");
                }
            })).Require();
            foreach (var status in Enum.GetValues<TaskStatus>())
            {
                Assert.Equal(task.Status == status, await IsInAsync(TaskKeys.Status(status)));
            }

            Assert.Equal(task.Status == TaskStatus.Queued && task.NotBefore is null, await IsInAsync(QueueKeys.Lane("builtin", "", "", "")));
            Assert.Equal(task.Status == TaskStatus.Queued && task.NotBefore is null ? 1 : 0, await Database.SortedSetLengthAsync(QueueKeys.Agents));
            Assert.Equal(task.NotBefore is not null, await IsInAsync(QueueKeys.Delayed));
            Assert.Equal(task.Lease is null ? RedisValue.Null : 1, await Database.HashGetAsync(QueueKeys.Running, QueueKeys.RunningOf("")));
            Assert.Equal(task.Lease is not null, await IsInAsync(TaskKeys.Leases));
            Assert.Equal(task.Question is not null, await IsInAsync(TaskKeys.Waiting));
            Assert.Equal(task.Checkpoint is not null, await Database.KeyExistsAsync(TaskKeys.Checkpoint(Some.Id)));
            Assert.True(await IsInAsync(TaskKeys.All()) && await IsInAsync(TaskKeys.Label("a", "b")));
            Assert.Equal(TaskIndexes.StatusName(task.Status), await Database.HashGetAsync(RedisKeys.Task(Some.Id), "status"));
            Assert.Equal(task.LastEvent, await Database.ListLengthAsync(TaskKeys.Events(Some.Id)));
        }

        async Task<bool> IsInAsync(RedisKey index) => await Database.SortedSetScoreAsync(index, Some.Id.ToString()) is not null;
    }

    [Fact]
    public async Task A_change_that_never_has_its_turn_is_given_up()
    {
        await ChangeAsync(Some.Submit);
        var refused = await Assert.ThrowsAsync<ProblemException>(() => ChangeAsync(new TaskCommand.Message("m"),
            (_, _) => Database.HashIncrement(RedisKeys.Task(Some.Id), "version")));

        Assert.Equal(("busy", 503), (refused.Type, refused.Status));
        Assert.Equal(1, (await _store.FindAsync(Some.Id))!.LastEvent);
    }

    [Fact]
    public void Ids_sort_by_the_time_they_were_made()
    {
        var ids = Enumerable.Range(0, 1_000).Select(i => TaskIds.Next(Some.Start + TimeSpan.FromMicroseconds(i * 10)).ToString()).ToList();

        Assert.Equal(ids.Order(StringComparer.Ordinal), ids);
        Assert.All(ids, id => Assert.Equal((7, 0x8), (Guid.Parse(id).Version, Guid.Parse(id).Variant & 0xc)));
    }

    private protected Task<Decision> ChangeAsync(TaskCommand command, Action<TaskCommit, TaskState>? more = null) =>
        _store.ChangeAsync(Some.Id, command, more, TestContext.Current.CancellationToken);
}

public sealed class TaskStoreOnGarnet(GarnetFixture redis) : TaskStoreTests(redis), IClassFixture<GarnetFixture>;

public sealed class TaskStoreOnRedis(RedisServerFixture redis) : TaskStoreTests(redis), IClassFixture<RedisServerFixture>
{
    [Fact]
    public async Task A_change_whose_answer_was_lost_is_found_to_be_done()
    {
        await ChangeAsync(Some.Submit);

        // Redis stands still for longer than the client waits for the script, and not so long that it could not be asked again.
        var decision = await ChangeAsync(new TaskCommand.Message("m"), (_, _) => Database.Execute("CLIENT", "PAUSE", "650"));

        Assert.Equal(1, Assert.IsType<Decision.Changed>(decision).State.Messages);
        Assert.Equal(2, await Database.ListLengthAsync(TaskKeys.Events(Some.Id)));
    }

    [Fact]
    public async Task A_change_of_which_nothing_is_known_is_no_answer()
    {
        await ChangeAsync(Some.Submit);

        await Assert.ThrowsAsync<RedisTimeoutException>(() =>
            ChangeAsync(new TaskCommand.Message("m"), (_, _) => Database.Execute("CLIENT", "PAUSE", "1500")));
    }
}
