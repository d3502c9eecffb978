using CodeAgent.Api.Queue;
using CodeAgent.Api.Tasks;
using CodeAgent.Testing;
using CodeAgent.Testing.Redis;
using Microsoft.Extensions.Logging.Abstractions;

namespace CodeAgent.Api.Tests.Queue;

/// <summary>Tasks that an earlier version left in its own queue.</summary>
public abstract class OldQueueTests(RedisFixture redis) : QueueTests(redis)
{
    private const string Old = "codeagent:queue:command";

    [Fact]
    public async Task They_are_taken_over_in_their_order_and_what_is_done_meanwhile_is_not()
    {
        var ids = new List<Guid>();
        for (var i = 0; i < 130; i++)
        {
            ids.Add(await SubmitAsync());
            await Database.SortedSetAddAsync(Old, ids[^1].ToString(), i);
        }

        await ChangeAsync(ids[3], new TaskCommand.Cancel());
        await Database.SortedSetAddAsync(Old, Guid.NewGuid().ToString(), 0);
        foreach (var key in QueuePlace.Of((await Store.FindAsync(ids[0]))!).Keys)
        {
            await Database.KeyDeleteAsync(key);
        }

        using var takeOver = new OldQueue(Database.Multiplexer, TimeProvider.System, NullLogger<OldQueue>.Instance);
        await takeOver.StartAsync(Stop);
        await Eventually.TrueAsync(async () => !await Database.KeyExistsAsync(Old), TimeSpan.FromSeconds(20), "the old queue is empty");
        await takeOver.StopAsync(Stop);

        ids.RemoveAt(3);
        Assert.Equal(ids.Select(id => $"{id}"), await ClaimedAsync(200, task => $"{task.Id}"));
    }
}

public sealed class OldQueueOnGarnet(GarnetFixture redis) : OldQueueTests(redis), IClassFixture<GarnetFixture>;

public sealed class OldQueueOnRedis(RedisServerFixture redis) : OldQueueTests(redis), IClassFixture<RedisServerFixture>;
