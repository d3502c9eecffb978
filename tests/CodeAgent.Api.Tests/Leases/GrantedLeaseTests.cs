using CodeAgent.Api.Artifacts;
using CodeAgent.Api.Leases;
using CodeAgent.Api.Tasks;
using CodeAgent.Api.Tests.Tasks;
using CodeAgent.Contracts;
using CodeAgent.Testing.Redis;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace CodeAgent.Api.Tests.Leases;

/// <summary>A lease that is granted just when its worker leaves.</summary>
public sealed class GrantedLeaseTests(GarnetFixture redis) : IClassFixture<GarnetFixture>, IAsyncLifetime
{
    private readonly DefaultHttpContext _http = new();
    private TaskStore _store = null!;
    private Lease _lease = null!;

    public async ValueTask InitializeAsync()
    {
        await redis.Client.GetDatabase().ExecuteAsync("FLUSHALL");
        var files = new ArtifactStore(Options.Create(new ArtifactOptions { Root = Path.GetTempPath() }), TimeProvider.System);
        _store = new(redis.Client, files, TimeProvider.System, NullLogger<TaskStore>.Instance);
        await ChangeAsync(Some.Submit);
        var task = await ChangeAsync(new TaskCommand.Claim("w", Some.Ttl));
        _lease = new()
        {
            TaskId = task.Id,
            Fence = task.Fence,
            Attempt = task.Attempt,
            Run = task.Run,
            Token = "t",
            LeaseSeconds = 10,
            Request = Some.Submit.Request,
            TraceParent = task.TraceParent,
            Usage = new(),
            SecondsUsed = 0,
        };
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task It_goes_to_a_worker_that_is_there()
    {
        await new GrantedLease(_lease, _store).ExecuteAsync(_http);

        Assert.Equal((TaskStatus.Running, 1), await StateAsync());
    }

    [Fact]
    public async Task It_goes_back_where_the_worker_has_left()
    {
        _http.RequestAborted = new(canceled: true);
        await new GrantedLease(_lease, _store).ExecuteAsync(_http);

        Assert.Equal((TaskStatus.Queued, 0), await StateAsync());
    }

    [Fact]
    public async Task It_goes_back_where_it_cannot_be_written()
    {
        _http.Response.Body = new Broken();
        await new GrantedLease(_lease, _store).ExecuteAsync(_http);

        Assert.Equal((TaskStatus.Queued, 0), await StateAsync());
    }

    private async Task<TaskState> ChangeAsync(TaskCommand command) =>
        (await _store.ChangeAsync(Some.Id, command, cancellationToken: TestContext.Current.CancellationToken)).Require();

    private async Task<(TaskStatus Status, int Attempt)> StateAsync()
    {
        var task = await _store.FindAsync(Some.Id);
        return (task!.Status, task.Attempt);
    }

    /// <summary>A connection that is gone.</summary>
    private sealed class Broken : MemoryStream
    {
        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => throw new IOException("Gone.");

        public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => throw new IOException("Gone.");
    }
}
