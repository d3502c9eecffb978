using System.Globalization;
using System.Net;
using System.Text.Json;
using CodeAgent.Benchmarks.Machine;
using CodeAgent.Benchmarks.Roles;
using CodeAgent.ServiceDefaults.Identity;
using CodeAgent.ServiceDefaults.Redis;
using StackExchange.Redis;

namespace CodeAgent.Benchmarks.Contenders;

/// <summary>This repository's gateway as whoever runs it has it: a virtual key in Redis, telemetry sent, a log.</summary>
internal sealed class CodeAgentContender : Contender
{
    private const string ProviderKey = "sk-benchmark-provider";
    private readonly string _key = Secret.NewKey();
    private readonly int _redis = Ports.Free();
    private readonly int _sink = Ports.Free();

    public override string Key => "codeagent";

    public override string Title => "CodeAgent gateway";

    public override string Description =>
        "this repository's gateway, release build, with a virtual key in redis-server (append-only file, synced every second), "
        + "limits of its requests, tokens and money, each reserved before and settled after, "
        + "traces, metrics and logs sent by OTLP/gRPC to a sink that discards them, and a log line a request in a file; one process on all cores";

    /// <summary>The redis-server that the gateway uses.</summary>
    public ProcessTree Redis => Needed(0);

    public override async Task StartAsync(MockContender mock, CancellationToken stop)
    {
        var data = Directory.CreateDirectory(Path.Combine(Places.Work, "redis"));

        // What a run before has left there would be loaded first.
        data.Delete(recursive: true);
        data.Create();
        await StartAsync("redis", _redis,
            [Places.OnPath("redis-server") ?? throw new BenchmarkException("The gateway needs a redis-server: apt-get install redis-server"),
                "--bind", "127.0.0.1", "--port", $"{_redis}", "--dir", data.FullName, "--save", "", "--appendonly", "yes"], stop);
        await StartAsync("sink", _sink, [.. Places.Self, SinkRole.Name, $"{_sink}"], stop);
        await MakeKeyAsync();
        await StartAsync(["dotnet", Places.Program("CodeAgent.LlmGateway")], stop, new Dictionary<string, string>
        {
            ["ASPNETCORE_URLS"] = $"http://127.0.0.1:{Port}",
            ["ConnectionStrings__redis"] = $"127.0.0.1:{_redis}",
            ["Config__Directory"] = await WriteConfigAsync(mock, stop),
            ["BENCHMARK_PROVIDER_KEY"] = ProviderKey,
            ["OTEL_EXPORTER_OTLP_ENDPOINT"] = $"http://127.0.0.1:{_sink}",
            ["OTEL_SERVICE_NAME"] = "llm-gateway",
        });
    }

    public override string Url(Behaviour behaviour) => $"http://127.0.0.1:{Port}/v1/chat/completions";

    public override IEnumerable<KeyValuePair<string, string>> Headers(Behaviour behaviour) => [new("Authorization", $"Bearer {_key}")];

    /// <summary>How many spans the sink took, and how many bytes in all.</summary>
    public async Task<(long Spans, long Bytes)> TelemetryAsync(CancellationToken stop)
    {
        using var http = new HttpClient { DefaultRequestVersion = HttpVersion.Version20, DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact };
        return Counts.Parse(await http.GetStringAsync($"http://127.0.0.1:{_sink}/stats", stop));
    }

    // Limits that are never reached: each request is reserved and settled all the same.
    private async Task MakeKeyAsync()
    {
        await using var redis = await ConnectionMultiplexer.ConnectAsync($"127.0.0.1:{_redis}");
        var record = new KeyRecord("benchmark", "benchmark", [Scopes.Models], TimeProvider.System.GetUtcNow())
        {
            Limits = new() { RequestsPerMinute = 1_000_000_000, TokensPerDay = 1_000_000_000_000, UsdPerDay = 1_000_000 },
        };
        await redis.GetDatabase().StringSetAsync(
            RedisKeys.ApiKey(Secret.Hash(_key)), JsonSerializer.Serialize(record, IdentityJson.Default.KeyRecord));
    }

    // One provider for each behaviour of the mock, and a model of the same name.
    private static async Task<string> WriteConfigAsync(MockContender mock, CancellationToken stop)
    {
        var folder = Directory.CreateDirectory(Path.Combine(Places.Work, "config")).FullName;
        string[] names = [.. Enum.GetValues<Behaviour>().Select(behaviour => behaviour.Text())];
        await File.WriteAllTextAsync(Path.Combine(folder, "gateway.yaml"), string.Create(CultureInfo.InvariantCulture, $$"""
            providers:
            {{string.Join('\n', names.Select(name => $$"""  {{name}}: { kind: openai, baseUrl: "http://127.0.0.1:{{mock.Port}}/{{name}}/v1", apiKey: "${BENCHMARK_PROVIDER_KEY}" }"""))}}
            models:
            {{string.Join('\n', names.Select(name => $$"""  {{name}}: { provider: {{name}}, pricing: { inputPerMillion: 2.5, cachedInputPerMillion: 0.25, outputPerMillion: 15 } }"""))}}
            default: [{{names[0]}}]

            """), stop);
        return folder;
    }
}
