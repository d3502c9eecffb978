using CodeAgent.Api.Artifacts;
using CodeAgent.Api.Leases;
using CodeAgent.Api.Queue;
using CodeAgent.Api.Repositories;
using CodeAgent.Api.Tasks;
using CodeAgent.Api.Tests.Tasks;
using CodeAgent.Contracts;
using CodeAgent.ServiceDefaults.Configuration;
using CodeAgent.ServiceDefaults.Identity;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace CodeAgent.Api.Tests.Protocol;

/// <summary>What one instance of the Api does with tasks and leases, with a connection and a clock of its own, and no HTTP.</summary>
internal sealed class Instance : IAsyncDisposable
{
    public const int Count = 3;
    public const int Tasks = 3;

    public static RetryDelays Delays { get; } = new LeaseOptions().RetryDelays;

    private readonly ConnectionMultiplexer _redis;
    private readonly LeaseGranter _granter;
    private readonly LeaseSweeper _sweeper;

    private Instance(ConnectionMultiplexer redis, ConfigFile<ApiConfig> config)
    {
        _redis = redis;
        var options = Options.Create(new LeaseOptions { Ttl = Some.Ttl });
        var files = new ArtifactStore(Options.Create(new ArtifactOptions { Root = Path.GetTempPath() }), Clock);
        Store = new(redis, files, Clock, NullLogger<TaskStore>.Instance);
        var signal = new QueueSignal(redis, Clock, NullLogger<QueueSignal>.Instance);
        _granter = new(Store, new(redis, config), new(redis, NullLogger<SetAside>.Instance), signal, new(redis, Clock), new(redis, config, Clock), options, new KeySecrets(""), Clock, NullLogger<LeaseGranter>.Instance);
        _sweeper = new(redis, Store, options, Clock, NullLogger<LeaseSweeper>.Instance);
    }

    public OwnClock Clock { get; } = new(Some.Start);

    public TaskStore Store { get; }

    public static async Task<Instance> StartAsync(string redis) => new(
        // A machine that is busy is no fault of the protocol.
        await ConnectionMultiplexer.ConnectAsync(redis + ",asyncTimeout=60000,syncTimeout=60000"),
        await ConfigFile.LoadAsync<ApiConfig>("no such file", _ => null, ApiConfig.Validate));

    public Task<Lease?> ClaimAsync() => _granter.GrantAsync(
        new() { Worker = "w", Agents = [AgentNames.Builtin, AgentNames.Command], Capacity = 1, WaitSeconds = 0 }, TestContext.Current.CancellationToken);

    public Task SweepAsync() => _sweeper.SweepAsync(TestContext.Current.CancellationToken);

    public async ValueTask DisposeAsync()
    {
        _sweeper.Dispose();
        _granter.Dispose();
        await _redis.DisposeAsync();
    }
}
