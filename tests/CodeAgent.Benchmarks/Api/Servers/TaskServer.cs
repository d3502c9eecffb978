using System.Text.Json;
using CodeAgent.Benchmarks.Contenders;
using CodeAgent.Benchmarks.Machine;
using StackExchange.Redis;

namespace CodeAgent.Benchmarks.Api.Servers;

/// <summary>Something that keeps tasks in Redis, with the Api's endpoints. Each has a database of its own in the one redis-server.</summary>
internal abstract class TaskServer(RedisServer redis, int database) : Contender
{
    public Uri Address => new($"http://127.0.0.1:{Port}/");

    /// <summary>The key of those who submit and read.</summary>
    public string Bearer { get; protected set; } = "";

    protected int RedisPort => redis.Port;

    protected int Database => database;

    /// <summary>Adds to each of these tasks so many events that say something, and ends it.</summary>
    public abstract Task TellAsync(IReadOnlyList<Guid> tasks, int events, CancellationToken stop);

    public override IEnumerable<KeyValuePair<string, string>> Headers(Roles.Behaviour behaviour) => [new("Authorization", $"Bearer {Bearer}")];

    /// <summary>A client with the key.</summary>
    public HttpClient Client() => new(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = Address, DefaultRequestHeaders = { Authorization = new("Bearer", Bearer) } };

    /// <summary>Makes so many tasks, as those who submit do.</summary>
    public async Task<IReadOnlyList<Guid>> CreateAsync(int count, CancellationToken stop)
    {
        using var http = Client();
        var ids = new Guid[count];
        await Parallel.ForAsync(0, count, new ParallelOptions { MaxDegreeOfParallelism = 16, CancellationToken = stop }, async (i, end) =>
        {
            using var body = new ByteArrayContent(TaskMix.Body) { Headers = { ContentType = new("application/json") } };
            using var answer = await http.PostAsync(new Uri("v1/tasks", UriKind.Relative), body, end);
            if (!answer.IsSuccessStatusCode)
            {
                throw new BenchmarkException($"{Title} refuses a task: {await answer.Content.ReadAsStringAsync(end)}");
            }

            ids[i] = (await answer.Content.ReadFromJsonAsync<JsonElement>(end)).GetProperty("id").GetGuid();
        });
        return ids;
    }

    protected async Task<T> WithRedisAsync<T>(Func<IDatabase, Task<T>> use)
    {
        await using var connection = await ConnectionMultiplexer.ConnectAsync($"127.0.0.1:{redis.Port},defaultDatabase={database}");
        return await use(connection.GetDatabase());
    }
}
