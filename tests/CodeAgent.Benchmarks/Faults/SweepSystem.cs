using CodeAgent.Benchmarks.Machine;
using CodeAgent.ServiceDefaults.Identity;
using CodeAgent.Testing.Network;
using StackExchange.Redis;

namespace CodeAgent.Benchmarks.Faults;

/// <summary>Two instances of the Api, a redis-server, and between them links that can be cut. Started once for all seeds.</summary>
internal sealed partial class SweepSystem : IAsyncDisposable
{
    private const int Instances = 2;

    /// <summary>A task whose worker was lost so many times fails.</summary>
    public const int MaxAttempts = 5;

    /// <summary>A lease lapses after this.</summary>
    public static readonly TimeSpan LeaseTime = TimeSpan.FromSeconds(1);

    private static readonly string? FakeTime = Directory.Exists("/usr/lib") ? Directory.EnumerateFiles("/usr/lib", "libfaketimeMT.so.1", new EnumerationOptions { RecurseSubdirectories = true, IgnoreInaccessible = true }).FirstOrDefault() : null;

    private readonly int _redisPort = Ports.Free();
    private readonly int[] _ports = [.. Enumerable.Range(0, Instances).Select(_ => Ports.Free())];
    private readonly Link[] _links;
    private readonly Link[] _fronts;
    private readonly ServerProcess[] _apis;
    private readonly ServerProcess _redis;
    private readonly SmallDisk _disk;
    private readonly string _name;
    private readonly string _data;
    private readonly string _home;
    private readonly string _clock;

    private SweepSystem(string name, SmallDisk disk)
    {
        (_name, _disk) = (name, disk);
        (_data, _home) = (Path.Combine(Places.Work, $"{name}-redis-data"), Path.Combine(Places.Work, $"{name}-home"));
        _clock = Path.Combine(_home, "clock");
        _links = [.. _ports.Select(_ => new Link(_redisPort))];
        _fronts = [.. _ports.Select(port => new Link(port))];
        _apis = [.. Enumerable.Range(0, Instances).Select(Api)];
        var program = Places.OnPath("redis-server") ?? throw new BenchmarkException("A redis-server is needed: apt-get install redis-server");
        _redis = new($"{name}-redis", _redisPort,
            [program, "--bind", "127.0.0.1", "--port", $"{_redisPort}", "--dir", _data, "--save", "", "--appendonly", "yes", "--appendfsync", "always"]);
    }

    public string ApiKey { get; } = Secret.NewKey();

    public string WorkerKey { get; } = Secret.NewKey();

    /// <summary>Where clients and workers find the instances, each behind a link.</summary>
    public IReadOnlyList<Uri> Addresses => [.. _fronts.Select(front => front.Address)];

    /// <summary>What cannot be done here, and why.</summary>
    public IReadOnlyDictionary<FaultKind, string> Skipped
    {
        get
        {
            Dictionary<FaultKind, string> skipped = [];
            if (FakeTime is null)
            {
                skipped[FaultKind.JumpClock] = "there is no libfaketime (apt-get install faketime)";
            }

            if (!_disk.IsSmall)
            {
                skipped[FaultKind.FillDisk] = "no small disk may be mounted here";
            }

            return skipped;
        }
    }

    /// <param name="name">Of its files: each has its own.</param>
    /// <param name="stop">Stops waiting.</param>
    /// <exception cref="BenchmarkException">Something does not start.</exception>
    public static async Task<SweepSystem> StartAsync(string name, CancellationToken stop)
    {
        var system = new SweepSystem(name, await SmallDisk.MountAsync($"{name}-store", stop));
        try
        {
            foreach (var folder in (string[])[system._data, system._home])
            {
                if (Directory.Exists(folder))
                {
                    Directory.Delete(folder, recursive: true);
                }
            }

            Directory.CreateDirectory(system._data);
            var config = Directory.CreateDirectory(Path.Combine(system._home, "config")).FullName;
            await File.WriteAllTextAsync(Path.Combine(config, "api.yaml"), "repositories:\n  allowedFolders: []\nidempotency:\n  lease: 1s\n", stop);
            await File.WriteAllTextAsync(Path.Combine(config, "pipelines.yaml"), await File.ReadAllTextAsync(Path.Combine(Places.Root, "config", "pipelines.yaml"), stop), stop);
            await system.SetClockAsync(0, stop);
            await system._redis.StartAsync(stop);
            await Task.WhenAll(system._apis.Select(api => api.StartAsync(stop)));
            return system;
        }
        catch
        {
            await system.DisposeAsync();
            throw;
        }
    }

    /// <summary>Forgets all tasks, so that a seed begins with none.</summary>
    public async Task ForgetAsync()
    {
        await WithRedisAsync(client => client.GetDatabase().ExecuteAsync("FLUSHALL"));
        _disk.Empty();
    }

    /// <summary>How many tasks in Redis are not final.</summary>
    public Task<long> CountOpenAsync() => WithRedisAsync(async client =>
    {
        var redis = client.GetDatabase();
        var final = await Task.WhenAll(((string[])["succeeded", "failed", "canceled"]).Select(status => redis.SortedSetLengthAsync($"codeagent:tasks:status:{status}")));
        return await redis.SortedSetLengthAsync("codeagent:tasks") - final.Sum();
    });

    /// <summary>Asks Redis itself, not through a link.</summary>
    public async Task<T> WithRedisAsync<T>(Func<IConnectionMultiplexer, Task<T>> use)
    {
        await using var connection = await ConnectionMultiplexer.ConnectAsync($"127.0.0.1:{_redisPort},allowAdmin=true");
        return await use(connection);
    }

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_apis.Select(api => api.DisposeAsync().AsTask()));
        foreach (var link in _links.Concat(_fronts))
        {
            await link.DisposeAsync();
        }

        await _redis.DisposeAsync();
        await _disk.DisposeAsync();
    }

    // The second instance has a clock that jumps. libfaketime looks into the file once a second, since each look costs as much as a request.
    // Timers go on as they were; without the last setting but one, each of their waits would end at once, and two threads would spin.
    private ServerProcess Api(int instance) => new($"{_name}-api-{instance + 1}", _ports[instance],
        [
            .. instance == 1 && FakeTime is not null
                ? (string[])["env", $"LD_PRELOAD={FakeTime}", $"FAKETIME_TIMESTAMP_FILE={_clock}", "FAKETIME_CACHE_DURATION=1", "FAKETIME_DONT_FAKE_MONOTONIC=1", "DONT_FAKE_MONOTONIC=1", "FAKETIME_FORCE_MONOTONIC_FIX=0", "NO_FAKE_STAT=1"]
                : [],
            "dotnet", Places.Program("CodeAgent.Api"),
        ],
        new Dictionary<string, string>
        {
            ["ASPNETCORE_ENVIRONMENT"] = "Production",
            ["DOTNET_TieredPGO"] = "0",
            ["ASPNETCORE_URLS"] = $"http://127.0.0.1:{_ports[instance]}",
            ["ConnectionStrings__redis"] = $"127.0.0.1:{_links[instance].Port},connectTimeout=1000,asyncTimeout=1500",
            ["Config__Directory"] = Path.Combine(_home, "config"),
            ["CODEAGENT_HOME"] = _home,
            ["CODEAGENT_API_KEY"] = ApiKey,
            ["CODEAGENT_WORKER_KEY"] = WorkerKey,
            ["CODEAGENT_KEY_SECRET"] = new string('s', 32),
            ["Artifacts__Root"] = _disk.Folder,
            ["Leases__Ttl"] = LeaseTime.ToString(),
            ["Leases__MaxAttempts"] = $"{MaxAttempts}",
            ["Leases__RetryDelay"] = "00:00:00.05",
            ["Leases__SweepInterval"] = "00:00:00.1",
            ["Leases__PollInterval"] = "00:00:00.3",
            ["Events__Heartbeat"] = "00:00:00.5",
        });
}
