using CodeAgent.Benchmarks.Machine;
using CodeAgent.ServiceDefaults.Identity;

namespace CodeAgent.Benchmarks.Worker;

/// <summary>The whole system as processes, release builds, with the simulator for a model and a folder of its own.</summary>
internal sealed class WorkerField : IAsyncDisposable
{
    private readonly string _workerKey = Secret.NewKey();
    private readonly string _home = Path.Combine(Places.Work, "worker-home");
    private readonly int _api = Ports.Free();
    private readonly int _gateway = Ports.Free();
    private readonly int _house = Ports.Free();
    private readonly int _redis = Ports.Free();
    private readonly List<Child> _services = [];
    private readonly Dictionary<string, Child> _workers = [];

    private WorkerField() => Api = new(new Uri($"http://127.0.0.1:{_api}"), Key);

    /// <summary>The Api, with a key for everything.</summary>
    public TaskClient Api { get; }

    /// <summary>A bare repository with this project in it.</summary>
    public string Repository => Path.Combine(_home, "repository.git");

    /// <summary>Where the workers keep repositories and workspaces.</summary>
    public string WorkFolder => Path.Combine(_home, "artifacts", "work");

    /// <summary>Where the workers keep temporary folders. Short: programs put sockets there.</summary>
    public string TempFolder { get; } = Directory.CreateTempSubdirectory("ca-").FullName;

    public Uri GatewayUrl => new($"http://127.0.0.1:{_gateway}");

    /// <summary>The model's provider: a gateway of its own with nothing but the simulator, whose books are the bill.</summary>
    public Uri ProviderUrl => new($"http://127.0.0.1:{_house}");

    public string Key { get; } = Secret.NewKey();

    /// <summary>The workers' processes by name, with all that they started.</summary>
    public IReadOnlyDictionary<string, Child> Workers => _workers;

    /// <summary>Starts all of it but the workers.</summary>
    /// <param name="worker">What <c>worker.yaml</c> says.</param>
    /// <param name="stop">Stops waiting.</param>
    public static async Task<WorkerField> StartAsync(string worker, CancellationToken stop)
    {
        var field = new WorkerField();
        try
        {
            if (Directory.Exists(field._home))
            {
                Directory.Delete(field._home, recursive: true);
            }

            await field.PrepareAsync(worker, stop);
            await field.StartServicesAsync(stop);
            return field;
        }
        catch
        {
            await field.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts a worker, or starts it again.</summary>
    public async Task StartWorkerAsync(string name, CancellationToken stop)
    {
        var port = Ports.Free();
        _workers[name] = Child.Start(name, ["dotnet", Places.Program("CodeAgent.Worker"), .. Gateway], new Dictionary<string, string>(Environment(port))
        {
            ["WORKER_NAME"] = name,
            ["CODEAGENT_API_KEY"] = "",
            ["TMPDIR"] = TempFolder,
        });
        await _workers[name].ListensAsync(port, stop);
    }

    /// <summary>Ends a worker as a crash would, and waits until it is gone.</summary>
    public async Task KillWorkerAsync(string name, CancellationToken stop)
    {
        await _workers[name].KillAsync("CodeAgent.Worker.dll", stop);
        await _workers[name].DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var child in _workers.Values.Concat(Enumerable.Reverse(_services)))
        {
            await child.DisposeAsync();
        }

        Api.Dispose();
        Directory.Delete(TempFolder, recursive: true);
    }

    private async Task PrepareAsync(string worker, CancellationToken stop)
    {
        var config = Directory.CreateDirectory(Path.Combine(_home, "config")).FullName;
        foreach (var file in Directory.EnumerateFiles(Path.Combine(Places.Root, "config"), "*.yaml"))
        {
            await File.WriteAllTextAsync(Path.Combine(config, Path.GetFileName(file)), await File.ReadAllTextAsync(file, stop), stop);
        }

        await File.WriteAllTextAsync(Path.Combine(config, "api.yaml"), $"repositories:\n  allowedFolders: [{_home}]\n", stop);
        await File.WriteAllTextAsync(Path.Combine(config, "worker.yaml"), worker, stop);
        await File.WriteAllTextAsync(Path.Combine(config, "gateway.yaml"), GatewayConfig($"kind: openai, protocols: [chat], baseUrl: \"{ProviderUrl}v1\", apiKey: \"${{CODEAGENT_API_KEY}}\""), stop);
        await File.WriteAllTextAsync(Path.Combine(Directory.CreateDirectory(Path.Combine(_home, "provider")).FullName, "gateway.yaml"), GatewayConfig("kind: simulator"), stop);
        await Tool.RunAsync("git", ["clone", "--quiet", "--bare", Places.Root, Repository], stop);
    }

    private static string GatewayConfig(string provider) => $$"""
        providers:
          house: { {{provider}} }
        models:
          simulator: { provider: house, pricing: { inputPerMillion: 3, outputPerMillion: 15 } }
        default: [simulator]

        """;

    private async Task StartServicesAsync(CancellationToken stop)
    {
        var redis = Places.OnPath("redis-server") ?? throw new BenchmarkException("A redis-server is needed: apt-get install redis-server");
        await StartAsync("redis", _redis, [redis, "--bind", "127.0.0.1", "--port", $"{_redis}", "--dir", _home, "--save", "", "--appendonly", "yes"], stop);
        await StartAsync("provider", _house, ["dotnet", Places.Program("CodeAgent.LlmGateway"), "--Config:Directory", Path.Combine(_home, "provider"),
            "--ConnectionStrings:redis", $"127.0.0.1:{_redis},defaultDatabase=1"], stop);
        await StartAsync("llm-gateway", _gateway, ["dotnet", Places.Program("CodeAgent.LlmGateway")], stop);
        await StartAsync("api", _api, ["dotnet", Places.Program("CodeAgent.Api"), .. Gateway], stop);
    }

    private async Task StartAsync(string name, int port, string[] command, CancellationToken stop)
    {
        var child = Child.Start(name, command, new Dictionary<string, string>(Environment(port)) { ["ConnectionStrings__redis"] = $"127.0.0.1:{_redis}" });
        _services.Add(child);
        await child.ListensAsync(port, stop);
    }

    // Not as a variable: the shell between drops those whose names it cannot have itself.
    private string[] Gateway => ["--services:llm-gateway:http:0", $"{GatewayUrl}"];

    private Dictionary<string, string> Environment(int port) => new()
    {
        ["ASPNETCORE_URLS"] = $"http://127.0.0.1:{port}",
        ["CODEAGENT_HOME"] = _home,
        ["CODEAGENT_API_KEY"] = Key,
        ["CODEAGENT_WORKER_KEY"] = _workerKey,
        ["Config__Directory"] = Path.Combine(_home, "config"),
        ["services__api__http__0"] = $"http://127.0.0.1:{_api}",
    };
}
