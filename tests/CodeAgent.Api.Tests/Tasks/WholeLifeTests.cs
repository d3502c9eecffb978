using CodeAgent.Api.Tests.Running;
using CodeAgent.Contracts;
using CodeAgent.Testing.Redis;

namespace CodeAgent.Api.Tests.Tasks;

public abstract class WholeLifeTests(IApiFixture fixture) : ApiTests(fixture)
{
    [Fact]
    public async Task Submitted_claimed_reported_completed_and_watched()
    {
        var task = await Api.SubmitAsync(ApiClient.Script("echo hello"));
        var lease = await Worker.ClaimAsync();
        Assert.Equal((task.Id, 1L, 1, 1), (lease!.TaskId, lease.Fence, lease.Attempt, lease.Run));
        Assert.Equal("echo hello", lease.Request.Prompt);
        Assert.Contains(task.CorrelationId, lease.TraceParent, StringComparison.Ordinal);
        var watched = Api.WatchAsync(task.Id).ToListAsync(Stop);

        var held = With(lease);
        await held.ReportAsync(task.Id, 0, "hello");
        await held.CompleteAsync(task.Id);

        Assert.Equal(
            [(1, EventTypes.TaskQueued), (2, EventTypes.TaskClaimed), (3, EventTypes.Output), (4, EventTypes.TaskSucceeded)],
            (await watched).Select(e => ((int)e.Number, e.Type)));
        var done = await Api.GetAsync(task.Id);
        Assert.Equal((TaskStatus.Succeeded, "Done.", 4L), (done.Status, done.Summary, done.LastEvent));
        Assert.Null(await Worker.ClaimAsync());
    }
}

public sealed class WholeLifeOnGarnet(ApiOn<GarnetFixture> fixture) : WholeLifeTests(fixture), IClassFixture<ApiOn<GarnetFixture>>;

public sealed class WholeLifeOnRedis(ApiOn<RedisServerFixture> fixture) : WholeLifeTests(fixture), IClassFixture<ApiOn<RedisServerFixture>>;
