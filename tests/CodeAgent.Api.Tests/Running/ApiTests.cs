using System.Net;
using CodeAgent.Contracts;
using CodeAgent.Testing;
using CodeAgent.Testing.Redis;

namespace CodeAgent.Api.Tests.Running;

/// <summary>Tests against a running Api and a Redis of the class's own; once with each kind of server.</summary>
public abstract class ApiTests(IApiFixture fixture) : IAsyncLifetime
{
    protected static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    private readonly List<IDisposable> _clients = [];

    private protected ApiServer Server { get; private set; } = null!;

    private protected ApiClient Api { get; private set; } = null!;

    private protected ApiClient Worker { get; private set; } = null!;

    protected RedisFixture Redis => fixture.Redis;

    /// <summary>What the Api keeps on the disk is here.</summary>
    protected string Folder => fixture.Folder;

    protected virtual IEnumerable<(string Name, string Value)> Settings => [];

    protected static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        Assert.SkipWhen(Redis.Unavailable is not null, Redis.Unavailable ?? "");

        // Tests of a class share the server: what one leaves in the queue must not be the next one's work.
        await Redis.Client.GetDatabase().ExecuteAsync("FLUSHALL");
        foreach (var folder in Directory.EnumerateDirectories(Folder))
        {
            Directory.Delete(folder, recursive: true);
        }

        Server = fixture.Server(Settings);
        Api = Keep(Server.Client());
        Worker = Keep(Server.Client(ApiServer.WorkerKey));
    }

    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        _clients.ForEach(client => client.Dispose());
        return ValueTask.CompletedTask;
    }

    /// <summary>Another instance on the same Redis.</summary>
    private protected ApiServer StartAnother() => ApiServer.Start(Redis.ConnectionString, fixture.Folder, Settings);

    private protected T Keep<T>(T client)
        where T : IDisposable
    {
        _clients.Add(client);
        return client;
    }

    /// <summary>A client with the token of a lease.</summary>
    private protected ApiClient With(Lease lease) => Keep(Api.With(lease));

    // A worker is seen once its claim waits or is about to.
    protected Task WorkerIsThereAsync(string name) => Eventually.TrueAsync(async () =>
    {
        using var answer = await Api.Http.GetAsync("/v1/status", Stop);
        var status = await ApiClient.ReadAsync(answer, HttpStatusCode.OK, ContractsJson.Default.SystemStatus);
        return status.Workers.Any(worker => worker.Name == name);
    }, Limit, $"{name} waits");
}
