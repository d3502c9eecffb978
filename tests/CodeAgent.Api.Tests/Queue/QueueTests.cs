using CodeAgent.Api.Artifacts;
using CodeAgent.Api.Leases;
using CodeAgent.Api.Queue;
using CodeAgent.Api.Repositories;
using CodeAgent.Api.Tasks;
using CodeAgent.Contracts;
using CodeAgent.ServiceDefaults.Configuration;
using CodeAgent.ServiceDefaults.Identity;
using CodeAgent.Testing.Redis;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace CodeAgent.Api.Tests.Queue;

/// <summary>A queue on a Redis of the class's own, without the Api around it.</summary>
public abstract class QueueTests(RedisFixture redis) : IAsyncLifetime
{
    private readonly string _file = Path.GetTempFileName();

    private protected TaskStore Store { get; private set; } = null!;

    private protected ConfigFile<ApiConfig> Loaded { get; private set; } = null!;

    private protected TaskQueue Queue { get; private set; } = null!;

    private protected LeaseGranter Granter { get; private set; } = null!;

    protected IDatabase Database => redis.Client.GetDatabase();

    protected static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <summary>The file config/api.yaml.</summary>
    protected virtual string Config => "";

    public async ValueTask InitializeAsync()
    {
        Assert.SkipWhen(redis.Unavailable is not null, redis.Unavailable ?? "");
        await Database.ExecuteAsync("FLUSHALL");
        await File.WriteAllTextAsync(_file, Config, Stop);
        var files = new ArtifactStore(Options.Create(new ArtifactOptions { Root = Path.GetTempPath() }), TimeProvider.System);
        Store = new(redis.Client, files, TimeProvider.System, NullLogger<TaskStore>.Instance);
        Loaded = await ConfigFile.LoadAsync<ApiConfig>(_file, _ => null, ApiConfig.Validate, Stop);
        Queue = new(redis.Client, Loaded);
        Granter = Another();
    }

    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        Granter?.Dispose();
        File.Delete(_file);
        return ValueTask.CompletedTask;
    }

    private protected LeaseGranter Another() => new(
        Store, Queue, new(redis.Client, NullLogger<SetAside>.Instance), new(redis.Client, TimeProvider.System, NullLogger<QueueSignal>.Instance),
        new(redis.Client, TimeProvider.System), new(redis.Client, Loaded, TimeProvider.System), Options.Create(new LeaseOptions()), new KeySecrets(""), TimeProvider.System, NullLogger<LeaseGranter>.Instance);

    private protected async Task<Guid> SubmitAsync(
        string? tenant = null, string? group = null, string? repository = null, int priority = 0, string agent = AgentNames.Command)
    {
        var request = new TaskRequest
        {
            Prompt = "x",
            Priority = priority,
            Agent = new() { Name = agent },
            Repository = repository is null ? null : new() { Url = repository },
        };
        var id = Guid.CreateVersion7();
        await ChangeAsync(id, new TaskCommand.Submit(id, request, "c", Parent, MaxAttempts: 3) { Tenant = tenant, Group = group });
        return id;
    }

    private protected async Task<TaskState> ChangeAsync(Guid id, TaskCommand command) =>
        (await Store.ChangeAsync(id, command, cancellationToken: Stop)).Require();

    private protected Task<Lease?> ClaimAsync(params string[] agents) => Granter.GrantAsync(
        new() { Worker = "w", Agents = agents.Length == 0 ? [AgentNames.Command] : agents, Capacity = 1000, WaitSeconds = 0 }, Stop);

    /// <summary>Claims so many, and says what each was submitted as.</summary>
    private protected async Task<IReadOnlyList<string>> ClaimedAsync(int count, Func<TaskState, string> name, params string[] agents)
    {
        var claimed = new List<string>();
        while (claimed.Count < count && await ClaimAsync(agents) is { } lease)
        {
            claimed.Add(name((await Store.FindAsync(lease.TaskId))!));
        }

        return claimed;
    }

    private protected async Task<long?> PlaceAsync(Guid id)
    {
        using var recent = new MemoryCache(new MemoryCacheOptions());
        return (await new QueueEstimate(redis.Client, Queue, recent).OfAsync((await Store.FindAsync(id))!))?.Place;
    }

    private const string Parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";
}
