using System.Text.Json;
using CodeAgent.Benchmarks.Contenders;
using CodeAgent.Benchmarks.Machine;
using CodeAgent.Benchmarks.Roles;
using CodeAgent.ServiceDefaults.Identity;

namespace CodeAgent.Benchmarks.Api.Servers;

/// <summary>This repository's Api, as it would run in production, its telemetry going to a sink that discards it.</summary>
internal sealed class ApiServer(RedisServer redis, int database) : TaskServer(redis, database)
{
    private readonly string _home = Path.Combine(Places.Work, "api-home");
    private readonly int _sink = Ports.Free();
    private readonly string _admin = Secret.NewKey();
    private readonly string _worker = Secret.NewKey();

    public override string Key => "codeagent";

    public override string Title => "CodeAgent Api";

    public override string Description =>
        "this repository's Api, release build, production environment, with an API key that is looked up in Redis at each request, "
        + "traces, metrics and logs sent by OTLP/gRPC to a sink that discards them, and its log in a file; one process on all cores";

    /// <summary>Takes the Api's telemetry.</summary>
    public ProcessTree Sink => Needed(0);

    /// <summary>A worker that does what a script says.</summary>
    public ScriptedWorker Worker(string name) => new(Address, _worker, name);

    public override async Task StartAsync(MockContender mock, CancellationToken stop)
    {
        if (Directory.Exists(_home))
        {
            Directory.Delete(_home, recursive: true);
        }

        var config = Directory.CreateDirectory(Path.Combine(_home, "config")).FullName;
        foreach (var file in Directory.EnumerateFiles(Path.Combine(Places.Root, "config"), "*.yaml"))
        {
            await File.WriteAllTextAsync(Path.Combine(config, Path.GetFileName(file)), await File.ReadAllTextAsync(file, stop), stop);
        }

        await File.WriteAllTextAsync(Path.Combine(config, "api.yaml"), "repositories:\n  allowedFolders: []\n", stop);
        await StartAsync("sink", _sink, [.. Places.Self, SinkRole.Name, $"{_sink}"], stop);
        await StartAsync(["dotnet", Places.Program("CodeAgent.Api")], stop, new Dictionary<string, string>
        {
            ["ASPNETCORE_ENVIRONMENT"] = "Production",
            ["ASPNETCORE_URLS"] = Address.AbsoluteUri,
            ["ConnectionStrings__redis"] = $"127.0.0.1:{RedisPort},defaultDatabase={Database}",
            ["Config__Directory"] = config,
            ["CODEAGENT_HOME"] = _home,
            ["CODEAGENT_API_KEY"] = _admin,
            ["CODEAGENT_WORKER_KEY"] = _worker,
            ["OTEL_EXPORTER_OTLP_ENDPOINT"] = $"http://127.0.0.1:{_sink}",
            ["OTEL_SERVICE_NAME"] = "api",
        });
        Bearer = await MakeKeyAsync(stop);
    }

    public override async Task TellAsync(IReadOnlyList<Guid> tasks, int events, CancellationToken stop)
    {
        using var worker = Worker("teller");
        var left = tasks.ToHashSet();
        while (left.Count > 0)
        {
            // Nothing else is in the queue yet.
            var lease = await worker.ClaimAsync(5, stop);
            if (lease is null || !left.Remove(lease.TaskId))
            {
                throw new BenchmarkException($"The worker got {lease?.TaskId.ToString() ?? "nothing"}, which is none of the tasks just submitted.");
            }

            await worker.TellAsync(lease, 0, events, stop);
            await worker.CompleteAsync(lease, stop);
        }
    }

    private async Task<string> MakeKeyAsync(CancellationToken stop)
    {
        using var http = new HttpClient { BaseAddress = Address, DefaultRequestHeaders = { Authorization = new("Bearer", _admin) } };
        using var answer = await http.PostAsJsonAsync("v1/keys", new { name = "benchmark", scopes = (string[])[Scopes.Read, Scopes.Submit] }, stop);
        return answer.IsSuccessStatusCode ? (await answer.Content.ReadFromJsonAsync<JsonElement>(stop)).GetProperty("key").GetString()!
            : throw new BenchmarkException($"The Api makes no key: {await answer.Content.ReadAsStringAsync(stop)}");
    }
}
